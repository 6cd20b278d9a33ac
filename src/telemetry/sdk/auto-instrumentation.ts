import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import type { Attributes, Span } from '@opentelemetry/api';
import { getNodeAutoInstrumentations } from '@opentelemetry/auto-instrumentations-node';
import { templateOf } from '../observers/outgoing-http.ts';
import { attributesOfSummary, summaryOfStatement } from '../observers/postgres.ts';
import { currentRequestLog } from '../request-log.ts';
import { scrub } from '../../privacy/scrub.ts';
import { dropSecretTraceState } from '../tracing/trace-state.ts';

const wanted = new Set(
  ['http', 'undici', 'pg', 'ioredis'].map((name) => `@opentelemetry/instrumentation-${name}`),
);

/** The instrumentations of the libraries at our boundaries, with the span names that the boundaries have elsewhere. */
export function createInstrumentations() {
  const all = getNodeAutoInstrumentations({
    '@opentelemetry/instrumentation-http': {
      // Outgoing requests are undici's.
      disableOutgoingRequestInstrumentation: true,
      startIncomingSpanHook: (request) => {
        // The trace is read from them after this.
        dropSecretTraceState(request.headers);
        return textsOf(request);
      },
    },
    '@opentelemetry/instrumentation-undici': {
      // An exporter or anything else outside of a request makes no trace.
      requireParentforSpans: true,
      requestHook: (span, { method, path }) => {
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
        keepMessageOut(span);
        const summary = summaryOfStatement(query.name);
        if (summary !== undefined) span.updateName(summary).setAttributes(attributesOfSummary(summary));
      },
    },
    '@opentelemetry/instrumentation-ioredis': {
      requireParentSpan: true,
      // Without its arguments, which are keys and values.
      dbStatementSerializer: (command) => command.toUpperCase(),
      requestHook: (span, { cmdName }) => {
        keepMessageOut(span);
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
 * What a client wrote, in the place of what the instrumentation takes over as it came: with the query, and with an
 * address that anybody can make up.
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

/** Postgres quotes what it was given, and the instrumentation would put its message into the status. */
function keepMessageOut(span: Span): void {
  const setStatus = span.setStatus.bind(span);
  span.setStatus = ({ code }) => setStatus({ code });
}

/**
 * Where connect spans are off, the instrumentation lets a statement that waits for a connection run in the context of
 * whoever gave the connection back. To be called once libraries are instrumented, because it loads one of them.
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
