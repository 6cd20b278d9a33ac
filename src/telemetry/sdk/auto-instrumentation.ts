import { AsyncLocalStorage } from 'node:async_hooks';
import { IncomingMessage } from 'node:http';
import { type Attributes, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { getNodeAutoInstrumentations } from '@opentelemetry/auto-instrumentations-node';
import { templateOf } from '../observers/outgoing-http.ts';
import { attributesOfSummary, summaryOfStatement } from '../observers/postgres.ts';
import { currentRequestLog } from '../request-log.ts';
import { scrub } from '../../privacy/scrub.ts';
import type { CallerTrust } from '../../http/limits/trusted-callers.ts';
import type { Boundary } from '../tracing/boundary.ts';
import { type Caller, callerOf, linkStranger } from '../tracing/caller.ts';
import { passOnRandomFlag } from '../tracing/tracing.ts';

const wanted = new Set(
  ['http', 'undici', 'pg', 'ioredis'].map((name) => `@opentelemetry/instrumentation-${name}`),
);

/** The instrumentations of the libraries at the boundaries of the service, with the same span names as in lean mode. */
export function createInstrumentations(boundary: Boundary, isTrusted: CallerTrust) {
  const callers = new WeakMap<IncomingMessage, Caller>();
  const all = getNodeAutoInstrumentations({
    '@opentelemetry/instrumentation-http': {
      // undici sends the outgoing requests, and has its own instrumentation.
      disableOutgoingRequestInstrumentation: true,
      startIncomingSpanHook: (request) => {
        const caller = callerOf(request, ROOT_CONTEXT, isTrusted);
        callers.set(request, caller);
        // The instrumentation reads the headers after this hook.
        if (caller.context === ROOT_CONTEXT) boundary.ignore(request.headers);
        return textsOf(request);
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
      requestHook: (span, { origin, method, path }) => {
        passOnRandomFlag(span, trace.getActiveSpan()?.spanContext());
        boundary.sendsTo(span, origin);
        span.updateName(`${method} ${templateOf(path)}`);
        span.setAttribute('url.template', templateOf(path));
        const attempt = currentRequestLog()?.payment_attempts ?? 1;
        if (attempt > 1) span.setAttribute('http.request.resend_count', attempt - 1);
      },
    },
    '@opentelemetry/instrumentation-pg': {
      requireParentSpan: true,
      ignoreConnectSpans: true,
      requestHook: (span, { query }) => {
        dropStatusMessage(span);
        const summary = summaryOfStatement(query);
        if (summary !== undefined) span.updateName(summary).setAttributes(attributesOfSummary(summary));
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
 * Replaces the attributes that the instrumentation copies unchecked from the request: the path with its query, and a
 * client address that any client can forge.
 */
function textsOf({ url = '', headers, socket }: IncomingMessage): Attributes {
  const [path = '', query] = url.split('?', 2);
  return {
    'url.path': scrub(path),
    'server.address': scrub(headers.host?.replace(/:\d*$/, '') ?? ''),
    'server.port': socket.localPort ?? 0,
    'client.address': socket.remoteAddress ?? '',
    'user_agent.original': scrub(headers['user-agent'] ?? ''),
    ...(query !== undefined && { 'url.query': '' }),
  };
}

/** Drops the message of a status: the instrumentation copies Postgres's, which quotes values. */
function dropStatusMessage(span: Span): void {
  const setStatus = span.setStatus.bind(span);
  span.setStatus = ({ code }) => setStatus({ code });
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
      return connect.call(this, callback && AsyncLocalStorage.bind(callback));
    },
  });
}

type Callback = (...results: unknown[]) => void;
type Connect = (callback?: Callback) => unknown;
