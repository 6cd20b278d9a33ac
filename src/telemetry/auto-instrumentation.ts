import { getNodeAutoInstrumentations } from '@opentelemetry/auto-instrumentations-node';
import { templateOf } from './outgoing-http.ts';
import { summaryOfStatement } from './postgres.ts';

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
      },
    },
    '@opentelemetry/instrumentation-pg': {
      requireParentSpan: true,
      ignoreConnectSpans: true,
      requestHook: (span, { query }) => {
        const summary = summaryOfStatement(query.name);
        if (summary !== undefined) span.updateName(summary).setAttribute('db.query.summary', summary);
      },
    },
  });
  return all.filter((instrumentation) => {
    const keep = wanted.has(instrumentation.instrumentationName);
    if (!keep) instrumentation.disable();
    return keep;
  });
}
