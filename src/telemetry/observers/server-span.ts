import {
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { FastifyRequest } from 'fastify';
import type { CallerTrust } from '../../http/limits/trusted-callers.ts';
import { callerOf, linkStranger } from '../tracing/caller.ts';
import { rootContext } from '../tracing/linked-context.ts';
import { failAs, ignoreChanges, startTrace, validContext } from '../tracing/tracing.ts';
import type { HttpNames } from './http-names.ts';
import { createRequestKinds, describeStart, schemeOf } from './server-attributes.ts';

/** The span of one request. Both ways to get one have the same methods, so the caller does not know which it has. */
export interface ServerSpan {
  readonly span: Span;
  /** Runs `next` with the span active. */
  run(next: () => void): void;
  /** @param status of the response, or that the client disconnected before it was sent */
  end(status: number | 'client_gone'): void;
}

export interface ServerSpanOptions {
  names: HttpNames;
  isTrusted: CallerTrust;
}

/** Lean mode: starts a span that continues the trace of a trusted caller, and ends it. */
export function ownServerSpans({
  names,
  isTrusted,
}: ServerSpanOptions): (request: FastifyRequest) => ServerSpan {
  const kindOf = createRequestKinds(names);
  return (request) => {
    const caller = callerOf(request.raw, rootContext, isTrusted);
    const parent = caller.context;
    const { method } = request;
    const route = request.routeOptions.url ?? '';
    const { name } = kindOf('http', method, route);
    const constant = () => kindOf(schemeOf(request), method, route).constant;
    const span = startTrace(name, { kind: SpanKind.SERVER }, { parent, constant });
    if (!span.isRecording()) return { span, run: keepBaggage(parent, span), end: () => span.end() };
    linkStranger(span, caller);
    describeStart(span, request, kindOf(schemeOf(request), method, route));
    return {
      span,
      run: (next) => context.with(trace.setSpan(parent, span), next),
      end(status) {
        if (status === 'client_gone') failAs(span, status);
        else span.setAttribute('http.response.status_code', status);
        if (typeof status === 'number' && status >= 500) {
          span.setAttribute('error.type', String(status));
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        span.end();
      },
    };
  };
}

/** Without baggage, a request that is not sampled needs no context: the log and the called side get its trace elsewhere. */
function keepBaggage(parent: Context, span: Span): ServerSpan['run'] {
  if (propagation.getBaggage(parent) === undefined) return (next) => next();
  // Without an SDK, a caller that sends baggage alone has no trace.
  const inContext = validContext(span) === undefined ? parent : trace.setSpan(parent, span);
  return (next) => context.with(inContext, next);
}

/**
 * Auto mode: the HTTP instrumentation has started a span, has made it active, and ends it. It gets its name and attributes
 * here, because the instrumentation knows neither routes nor proxies. If that instrumentation is disabled, the request gets
 * a span of our own.
 */
export function instrumentedServerSpans(options: ServerSpanOptions): (request: FastifyRequest) => ServerSpan {
  const kindOf = createRequestKinds(options.names);
  const ownServerSpan = ownServerSpans(options);
  return (request) => {
    const span = trace.getActiveSpan();
    if (span === undefined) return ownServerSpan(request);
    if (span.isRecording()) {
      const kind = kindOf(schemeOf(request), request.method, request.routeOptions.url ?? '');
      span.updateName(kind.name).setAttributes(kind.constant.attributes);
      describeStart(span, request, kind);
    }
    return {
      span,
      run: (next) => next(),
      end(status) {
        if (status !== 'client_gone' || !span.isRecording()) return;
        failAs(span, status);
        // The instrumentation would add the status of a response that was not sent.
        ignoreChanges(span);
      },
    };
  };
}
