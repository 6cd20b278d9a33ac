import { IncomingMessage } from 'node:http';
import { type Attributes, ROOT_CONTEXT, type Span, trace, TraceFlags } from '@opentelemetry/api';
import { getNodeAutoInstrumentations } from '@opentelemetry/auto-instrumentations-node';
import { currentContext } from '../../async-context.ts';
import { templateOf } from '../observers/outgoing-http.ts';
import { attributesOfSummary, summaryOfStatement } from '../observers/postgres.ts';
import { currentRequestContext } from '../request-log.ts';
import type { CallerTrust } from '../../http/limits/trusted-callers.ts';
import type { Boundary } from '../tracing/boundary.ts';
import { type Caller, callerOf, linkStranger } from '../tracing/caller.ts';
import { isTraced } from '../tracing/traced-connections.ts';
import { failAs, failSpan, ignoreChanges, passOnRandomFlag } from '../tracing/tracing.ts';
import { subscribeToUndici } from '../undici-messages.ts';

const wanted = new Set(
  ['http', 'undici', 'pg', 'ioredis'].map((name) => `@opentelemetry/instrumentation-${name}`),
);

/** The instrumentations of the libraries at the boundaries of the service, with the same span names as in lean mode. */
export function createInstrumentations(boundary: Boundary, isTrusted: CallerTrust) {
  const callers = new WeakMap<IncomingMessage, Caller>();
  const attempts = new WeakMap<object, Span>();
  // Before the instrumentation gets the message: it ends the span, of an attempt that was cut off without an error.
  subscribeToUndici('error', ({ request, error }) => {
    const span = attempts.get(request);
    if (span === undefined) return;
    failSpan(span, error);
    ignoreChanges(span);
  });
  const all = getNodeAutoInstrumentations({
    '@opentelemetry/instrumentation-http': {
      // Of the public listener alone: a scrape is no trace.
      ignoreIncomingRequestHook: ({ socket }) => !isTraced(socket),
      // undici sends the outgoing requests, and has its own instrumentation.
      disableOutgoingRequestInstrumentation: true,
      startIncomingSpanHook: (request) => {
        const caller = callerOf(request, ROOT_CONTEXT, isTrusted);
        callers.set(request, caller);
        // The instrumentation reads the headers after this hook.
        if (caller.context === ROOT_CONTEXT) boundary.ignore(request.headers);
        return unchecked;
      },
      requestHook: (span, request) => {
        const caller = request instanceof IncomingMessage ? callers.get(request) : undefined;
        if (caller === undefined) return;
        passOnRandomFlag(span, trace.getSpanContext(caller.context));
        linkStranger(span, caller);
      },
    },
    '@opentelemetry/instrumentation-undici': {
      // Requests outside a trace, such as those of an exporter, start none.
      requireParentforSpans: true,
      // It opens the way through a proxy. The request itself follows.
      ignoreRequestHook: ({ method }) => method === 'CONNECT',
      startSpanHook: () => impliedByUrl,
      requestHook: (span, request) => {
        const { origin, method, path } = request;
        attempts.set(request, span);
        passOnRandomFlag(span, trace.getActiveSpan()?.spanContext());
        boundary.sendsTo(span, origin);
        span.updateName(`${method} ${templateOf(path)}`);
        span.setAttribute('url.template', templateOf(path));
        const attempt = currentRequestContext()?.attempt ?? 1;
        if (attempt > 1) span.setAttribute('http.request.resend_count', attempt - 1);
      },
    },
    '@opentelemetry/instrumentation-pg': {
      requireParentSpan: true,
      ignoreConnectSpans: true,
      requestHook: (span, { query }) => {
        typeFailures(span);
        const summary = summaryOfStatement(query);
        if (summary === undefined) leaveOut(span);
        else span.updateName(summary).setAttributes(attributesOfSummary(summary));
      },
    },
    '@opentelemetry/instrumentation-ioredis': {
      requireParentSpan: true,
      // Without the arguments, which are keys and values.
      dbStatementSerializer: (command) => command.toUpperCase(),
      requestHook: (span, { cmdName }) => {
        dropStatusMessage(span);
        const command = cmdName.toUpperCase();
        span.updateName(command).setAttribute('db.operation.name', command);
      },
    },
  });
  return all.filter((instrumentation) => {
    const keep = wanted.has(instrumentation.instrumentationName);
    if (!keep) instrumentation.disable();
    return keep;
  });
}

/**
 * Drops the attributes that the instrumentation copies from the request as the client sent them: the path with its query, and
 * addresses that any client can forge. The observer of requests adds those that are known.
 */
const unchecked: Attributes = {
  'http.request.method_original': undefined,
  'url.path': undefined,
  'url.query': undefined,
  'server.address': undefined,
  'server.port': undefined,
  'client.address': undefined,
  'user_agent.original': undefined,
};

/** Drops the attributes that repeat a part of `url.full`, or the method. */
const impliedByUrl: Attributes = {
  'http.request.method_original': undefined,
  'url.path': undefined,
  'url.query': undefined,
  'url.scheme': undefined,
};

/** Keeps a span from being exported: a statement without a summary, such as a cancellation, is no step of a request. */
function leaveOut(span: Span): void {
  span.spanContext().traceFlags &= ~TraceFlags.SAMPLED;
}

/** Drops the message of a status: the instrumentation copies Postgres's, which quotes values. */
function dropStatusMessage(span: Span): void {
  const setStatus = span.setStatus.bind(span);
  span.setStatus = ({ code }) => setStatus({ code });
}

/** Records the code of a failed statement as its type. The instrumentation has it in the text of an exception alone. */
function typeFailures(span: Span): void {
  dropStatusMessage(span);
  span.recordException = (exception) => {
    const [, type = 'unknown', code = ''] =
      /of type '(.*)' occurred \(code: (.*)\)$/.exec(typeof exception === 'string' ? exception : '') ?? [];
    failAs(span, code === 'UNKNOWN' ? type : code);
    // The name that pg gives to an error which Postgres reported.
    if (type === 'error') span.setAttribute('db.response.status_code', code);
    ignoreChanges(span);
  };
}

/**
 * Runs a statement that waits for a connection in its own context. With connect spans off, the instrumentation runs it
 * in the context of the request that released the connection. Call it after the instrumentations are registered,
 * because it loads pg.
 */
export async function keepContextInPool(): Promise<void> {
  const { default: pg } = await import('pg');
  const { connect } = pg.Pool.prototype as unknown as { connect: Connect };
  Object.assign(pg.Pool.prototype, {
    connect(this: object, callback?: Callback): unknown {
      if (callback === undefined) return connect.call(this);
      const inContext = currentContext();
      return connect.call(this, (...results) => inContext(() => callback(...results)));
    },
  });
}

type Callback = (...results: unknown[]) => void;
type Connect = (callback?: Callback) => unknown;
