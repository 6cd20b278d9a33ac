import { beforeAll, expect, test } from 'vitest';
import { eventually, type Exemplar, exemplars, findTrace, sumOf } from './backends.ts';

/** Milliseconds until the trace of a request must be in Jaeger: the Collector's decision wait plus batching. */
const decided = 30_000;

let found: Exemplar[];

beforeAll(async () => {
  // A minute of traffic provides them.
  found = await eventually(
    'exemplars whose traces have been decided on',
    async () => {
      const all = await exemplars();
      const old = all.filter(({ time }) => Date.now() - time > decided);
      return old.length >= 20 ? old : undefined;
    },
    150_000,
  );
});

test('both requests and dependencies have exemplars', () => {
  expect(new Set(found.map(({ metric }) => metric))).toEqual(
    new Set(['http_request_duration_seconds_bucket', 'dependency_request_duration_seconds_bucket']),
  );
});

test('every exemplar in Prometheus has a trace in Jaeger', async () => {
  const missing: Exemplar[] = [];
  const traces = new Map(found.map((exemplar) => [exemplar.traceId, exemplar]));
  for (const [traceId, exemplar] of traces) {
    if ((await findTrace(traceId)) === undefined) missing.push(exemplar);
  }
  expect(missing).toEqual([]);
});

test('tail sampling drops most traces', async () => {
  const decisions = (sampled: boolean) =>
    sumOf(`otelcol_processor_tail_sampling_global_count_traces_sampled{sampled="${sampled}"}`);
  expect(await decisions(true)).toBeGreaterThan(0);
  // At first most are kept, because each bucket takes the first exemplar that arrives.
  const most = await eventually('majority', async () => {
    const [kept, dropped] = await Promise.all([decisions(true), decisions(false)]);
    return dropped > kept ? dropped : undefined;
  });
  expect(most).toBeGreaterThan(0);
});
