import { AsyncLocalStorage } from 'node:async_hooks';
import { getNodeAutoInstrumentations } from '@opentelemetry/auto-instrumentations-node';
import { templateOf } from './outgoing-http.ts';
import { attributesOfSummary, summaryOfStatement } from './postgres.ts';
import { currentStory } from './request-story.ts';

const wanted = new Set(
  ['http', 'undici', 'pg', 'ioredis'].map((name) => `@opentelemetry/instrumentation-${name}`),
);

/** The instrumentations of the libraries at our boundaries, with the span names that the boundaries have elsewhere. */
export function createInstrumentations() {
  const all = getNodeAutoInstrumentations({
    '@opentelemetry/instrumentation-http': {
      // Outgoing requests are undici's.
      disableOutgoingRequestInstrumentation: true,
    },
    '@opentelemetry/instrumentation-undici': {
      // An exporter or anything else outside of a request makes no trace.
      requireParentforSpans: true,
      requestHook: (span, { method, path }) => {
        span.updateName(`${method} ${templateOf(path)}`);
        span.setAttribute('url.template', templateOf(path));
        const attempt = currentStory()?.payment_attempts ?? 1;
        if (attempt > 1) span.setAttribute('http.request.resend_count', attempt - 1);
      },
    },
    '@opentelemetry/instrumentation-pg': {
      requireParentSpan: true,
      ignoreConnectSpans: true,
      requestHook: (span, { query }) => {
        const summary = summaryOfStatement(query.name);
        if (summary !== undefined) span.updateName(summary).setAttributes(attributesOfSummary(summary));
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
