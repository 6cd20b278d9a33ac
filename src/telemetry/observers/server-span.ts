import { isIP } from 'node:net';
import {
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { getRPCMetadata } from '@opentelemetry/core';
import type { FastifyRequest } from 'fastify';
import type { CallerTrust } from '../../http/limits/trusted-callers.ts';
import { scrub } from '../../privacy/scrub.ts';
import { constantAttributes, oncePerPair } from '../otlp/constant-attributes.ts';
import { callerOf, linkStranger } from '../tracing/caller.ts';
import { rootContext } from '../tracing/linked-context.ts';
import { rememberLast } from '../tracing/remember-last.ts';
import { startTrace } from '../tracing/tracing.ts';
import { knownMethod, spanName } from './http-names.ts';

/** The span of one request. Both ways to get one have the same methods, so the caller does not know which it has. */
export interface ServerSpan {
  readonly span: Span;
  /** Runs `next` with the span active. */
  run(next: () => void): void;
  /** @param status of the response */
  end(status: number): void;
}

/** Lean mode: starts a span that continues the trace of the caller, and ends it. */
export function ownServerSpan(request: FastifyRequest, isTrusted: CallerTrust): ServerSpan {
  const caller = callerOf(request.raw, rootContext, isTrusted);
  const parent = caller.context;
  const { name, constant } = kindOf(request.method, request.routeOptions.url ?? '');
  const span = startTrace(name, { kind: SpanKind.SERVER }, { parent, constant });
  if (!span.isRecording()) return { span, run: keepBaggage(parent, span), end: () => span.end() };
  linkStranger(span, caller);
  describeStart(span, request, constant.attributes['url.path']);
  return {
    span,
    run: (next) => context.with(trace.setSpan(parent, span), next),
    end(status) {
      span.setAttribute('http.response.status_code', status);
      if (status >= 500) {
        span.setAttribute('error.type', String(status));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
  };
}

/** Without baggage, a request that is not sampled needs no context: the log and the gateway get its trace elsewhere. */
function keepBaggage(parent: Context, span: Span): ServerSpan['run'] {
  if (propagation.getBaggage(parent) === undefined) return (next) => next();
  return (next) => context.with(trace.setSpan(parent, span), next);
}

/**
 * Auto mode: the HTTP instrumentation has started a span, has made it active, and ends it. Its texts are scrubbed here,
 * and it gets the name of the route. If that instrumentation is disabled, the request gets a span of our own.
 */
export function instrumentedServerSpan(request: FastifyRequest, isTrusted: CallerTrust): ServerSpan {
  const span = trace.getActiveSpan();
  if (span === undefined) return ownServerSpan(request, isTrusted);
  scrubTexts(span, request);
  nameByRoute(span, request);
  return { span, run: (next) => next(), end: () => {} };
}

// A search for secrets takes time, and most texts equal those of the request before.
const scrubPath = rememberLast(scrub);
const scrubHost = rememberLast(scrub);
const scrubUserAgent = rememberLast(scrub);

/** Both keys have few values: the methods that Node parses, and our routes. */
const kindOf = oncePerPair((method, route) => {
  const known = knownMethod(method);
  return {
    name: spanName(method, route),
    constant: constantAttributes({
      'http.request.method': known,
      ...(known !== method && { 'http.request.method_original': method }),
      'url.scheme': 'http',
      ...(route && { 'http.route': route }),
      ...(/^[^:*]+$/.test(route) && { 'url.path': route }),
    }),
  };
});

function describeStart(span: Span, request: FastifyRequest, constantPath: unknown): void {
  const { socket, url } = request;
  const peer = socket.remoteAddress ?? '';
  // Without the query, and scrubbed: a client can put a secret into either.
  const [path = ''] = url.split('?', 1);
  if (path !== constantPath) span.setAttribute('url.path', scrubPath(path));
  span.setAttribute('server.address', scrubHost(request.hostname));
  span.setAttribute('server.port', socket.localPort ?? 0);
  // Behind a proxy this comes from a header, which may hold any text.
  span.setAttribute('client.address', isIP(request.ip) === 0 ? peer : request.ip);
  span.setAttribute('network.peer.address', peer);
  span.setAttribute('network.peer.port', socket.remotePort ?? 0);
  span.setAttribute('network.protocol.version', request.raw.httpVersion);
  span.setAttribute('user_agent.original', scrubUserAgent(request.headers['user-agent'] ?? ''));
}

/** The HTTP instrumentation records these as the client sent them, query included. */
function scrubTexts(span: Span, { url, hostname, headers }: FastifyRequest): void {
  if (!span.isRecording()) return;
  const [path = '', query] = url.split('?', 2);
  span.setAttributes({
    'url.path': scrubPath(path),
    'server.address': scrubHost(hostname),
    'user_agent.original': scrubUserAgent(headers['user-agent'] ?? ''),
    ...(query !== undefined && { 'url.query': '' }),
  });
}

/** Passes the route to the HTTP instrumentation: only the router knows it. */
function nameByRoute(span: Span, { method, routeOptions: { url } }: FastifyRequest): void {
  if (url === undefined) return;
  const metadata = getRPCMetadata(context.active());
  if (metadata) metadata.route = url;
  span.updateName(spanName(method, url));
}
