import {
  context,
  INVALID_SPAN_CONTEXT,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { constantAttributes, oncePerPair } from '../otlp/constant-attributes.ts';
import type { Boundary } from '../tracing/boundary.ts';
import { rememberLast } from '../tracing/remember-last.ts';
import { currentRequestContext } from '../request-log.ts';
import { serverOfUrl } from '../server-of-url.ts';
import { failSpan, recordingSpan, startBelow, unrecordedBelow } from '../tracing/tracing.ts';
import { subscribeToUndici, type UndiciRequest } from '../undici-messages.ts';

/**
 * Records a client span for each outgoing request and adds the trace context to its headers. undici's diagnostics
 * channels make this possible without a patch, and without telemetry in the code that sends.
 */
export function observeOutgoingRequests(boundary: Boundary): void {
  const spans = new WeakMap<object, Span>();

  subscribeToUndici('create', ({ request }) => {
    // It opens the way through a proxy. The request itself follows.
    if (request.method === 'CONNECT') return;
    const requestContext = currentRequestContext();
    // Another part of the process, such as an exporter, sends it.
    if (requestContext === undefined) return;
    const parent = recordingSpan();
    const span = parent && startSpan(parent, request, requestContext.attempt ?? 1);
    if (span) spans.set(request, span);
    const carrier: Record<string, string> = {};
    const sender = span ?? unrecordedBelow(requestContext.trace ?? INVALID_SPAN_CONTEXT);
    boundary.sendsTo(sender, request.origin);
    propagation.inject(trace.setSpan(context.active(), sender), carrier);
    for (const [name, value] of Object.entries(carrier)) request.addHeader(name, value);
  });

  subscribeToUndici('headers', ({ request, response }) => {
    const span = spans.get(request);
    if (span === undefined) return;
    span.setAttribute('http.response.status_code', response.statusCode);
    if (response.statusCode >= 400) {
      span.setAttribute('error.type', String(response.statusCode));
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
  });

  subscribeToUndici('trailers', ({ request }) => {
    const span = spans.get(request);
    if (span) span.end();
  });

  subscribeToUndici('error', ({ request, error }) => {
    const span = spans.get(request);
    if (span === undefined) return;
    failSpan(span, error);
    span.end();
  });
}

function startSpan(parent: Span, { origin, method, path }: UndiciRequest, attempt: number): Span {
  const base = typeof origin === 'string' ? origin : origin.origin;
  const { name, constant } = kindsAt(base)(method, lastTemplate(path));
  const span = startBelow(parent, name, SpanKind.CLIENT, constant);
  span.setAttribute('url.full', `${base}${path}`);
  if (attempt > 1) span.setAttribute('http.request.resend_count', attempt - 1);
  return span;
}

/** Two entries, because the service sends two kinds of requests, and to one peer at a time. */
const kindsAt = rememberLast((origin) =>
  oncePerPair((method, template) => {
    const { address, port } = serverOfUrl(origin);
    return {
      name: `${method} ${template}`,
      constant: constantAttributes({
        'http.request.method': method,
        'url.template': template,
        'server.address': address,
        'server.port': port,
      }),
    };
  }),
);

/** Replaces ids by a placeholder, because span names must have few values. */
export function templateOf(path: string): string {
  return path.replace(/\/[^/]*\d[^/]*(?=\/|$)/g, '/{key}');
}
const lastTemplate = rememberLast(templateOf);
