import { beforeAll, expect, test } from 'vitest';
import { eventually, type Exemplar, exemplars, findTrace, sumOf } from './backends.ts';

/** Milliseconds from the end of a request to its trace in Jaeger, at the latest: the Collector's wait, and batches. */
const decided = 30_000;

let found: Exemplar[];

beforeAll(async () => {
  // From the traffic of a minute.
  found = await eventually(
    'exemplars old enough to be decided on',
    async () => {
      const all = await exemplars();
      const old = all.filter(({ time }) => Date.now() - time > decided);
      return old.length >= 20 ? old : undefined;
    },
    150_000,
  );
});

test('exemplars are of requests and of dependencies', () => {
  expect(new Set(found.map(({ metric }) => metric))).toEqual(
    new Set(['http_request_duration_seconds_bucket', 'dependency_request_duration_seconds_bucket']),
  );
});

test('every exemplar that Prometheus has leads to a trace that Jaeger has', async () => {
  const missing: Exemplar[] = [];
  const traces = new Map(found.map((exemplar) => [exemplar.traceId, exemplar]));
  for (const [traceId, exemplar] of traces) {
    if ((await findTrace(traceId)) === undefined) missing.push(exemplar);
  }
  expect(missing).toEqual([]);
});

test('and yet most traces are not kept', async () => {
  const decisions = (sampled: boolean) =>
    sumOf(`otelcol_processor_tail_sampling_global_count_traces_sampled{sampled="${sampled}"}`);
  expect(await decisions(true)).toBeGreaterThan(0);
  // At first more are, because each bucket takes the first exemplar that comes.
  const most = await eventually('majority', async () => {
    const [kept, dropped] = await Promise.all([decisions(true), decisions(false)]);
    return dropped > kept ? dropped : undefined;
  });
  expect(most).toBeGreaterThan(0);
});
