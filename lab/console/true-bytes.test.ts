import { setImmediate as immediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { LogRecord, SpanRecord } from './api-types.ts';
import { createLogStore } from './logs/log-store.ts';
import { readMetrics } from './otlp/json.ts';
import { pointsOf } from './metrics/otlp-points.ts';
import { readSamples } from './metrics/openmetrics.ts';
import { createMetricStore } from './metrics/metric-store.ts';
import type { MetricPoint } from './metrics/metric-points.ts';
import { createTraceStore } from './traces/trace-store.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const mebibyte = 1_048_576;
const capacity = 4 * mebibyte;

/** Bytes in the heap and in buffers after a garbage collection. */
async function used(): Promise<number> {
  collectGarbage();
  // Buffers of collected objects are freed beside the program.
  await immediate();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The stores of all tests: if one were collected during the next test, that one would seem to take less. */
const held: unknown[] = [];

// Equal texts would be one string; those of a sender are not.
const id = (length: number, number: number) => number.toString(16).padStart(length, '0');

function span(trace: number, index: number): SpanRecord {
  const start = Date.now();
  return {
    traceId: id(32, trace),
    spanId: id(16, index + 1),
    parentId: index === 0 ? '' : id(16, index),
    name: 'POST /orders',
    kind: index === 0 ? 'SERVER' : 'CLIENT',
    service: 'orders',
    start: start + 0.123,
    end: start + 5.456,
    failed: trace % 5 === 0 && index === 0,
    message: '',
    attributes: {
      'http.request.method': 'POST',
      'http.response.status_code': 201,
      'server.address': '127.0.0.1',
      'orders.order.id': `01a1fcde-b84e-7f95-86a2-${id(12, trace)}`,
    },
    events: [],
    links: [],
    dropped: 0,
    origin: 12,
    flags: 257,
  };
}

function line(number: number): LogRecord {
  return {
    time: Date.now() + 0.25,
    level: number % 5 === 0 ? 'warn' : 'info',
    service: 'orders',
    event: 'http.request',
    text: 'request handled',
    traceId: id(32, number),
    spanId: id(16, number),
    orderId: '',
    attributes: { route: '/orders', status: 201, duration_ms: 5.2, request_id: id(32, number) },
  };
}

function point(series: number, time: number): MetricPoint {
  return {
    service: 'orders',
    scope: 'orders',
    name: `metric.${series % 20}`,
    unit: 's',
    description: '',
    kind: 'histogram',
    labels: { route: `/route/${series}` },
    time,
    start: 0,
    isDelta: true,
    measured: {
      count: 6,
      sum: 6.5,
      distribution: {
        layout: { bounds: [1, 2, 3] },
        counts: new Map([
          [0, 2],
          [1, 3],
          [3, 1],
        ]),
      },
    },
    exemplars: [],
  };
}

test.each([
  [
    'traces',
    () => {
      const store = createTraceStore(capacity);
      const batch = (first: number) =>
        Array.from({ length: 600 }, (_, at) => span(first + Math.floor(at / 6), at % 6));
      for (let count = 0; count < 65; count += 1) store.add(batch(100 * count));
      return store;
    },
  ],
  [
    'log lines',
    () => {
      const store = createLogStore(capacity, () => false);
      for (let count = 0; count < 75; count += 1)
        store.add(Array.from({ length: 600 }, (_, at) => line(600 * count + at)));
      return store;
    },
  ],
  [
    'metrics',
    () => {
      const store = createMetricStore(capacity);
      const from = Date.now() - 600_000;
      for (let second = 0; second < 30; second += 1)
        store.add(Array.from({ length: 1000 }, (_, series) => point(series, from + 1000 * second)));
      return store;
    },
  ],
])('a full store of %s takes the memory that it says, which is its capacity', async (_name, fill) => {
  const before = await used();
  const store = fill();
  held.push(store);
  const taken = (await used()) - before;
  expect(store.bytes()).toBeGreaterThan(0.9 * capacity);
  expect(store.bytes()).toBeLessThanOrEqual(capacity);
  expect(taken / store.bytes()).toBeGreaterThan(0.8);
  expect(taken / store.bytes()).toBeLessThan(1.2);
});

test('a text that is cut off does not keep the rest of it in memory', async () => {
  const store = createMetricStore(capacity);
  held.push(store);
  const before = await used();
  for (let series = 0; series < 20; series += 1) {
    const long = JSON.stringify(`${series} ${'x'.repeat(500_000)}`);
    const [metric] = readMetrics(
      `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":${long},"description":${long},"unit":${long},
      "gauge":{"dataPoints":[{"timeUnixNano":"1","asInt":1,"attributes":[{"key":"l","value":{"stringValue":${long}}}]}]}}]}]}]}`,
    );
    if (metric) store.add(pointsOf(metric).points);
  }
  expect(store.list().metrics).toHaveLength(20);
  // Of 40 MB that were sent.
  expect((await used()) - before).toBeLessThan(capacity);
});

test('an exemplar does not keep the exposition that it comes from in memory', async () => {
  const before = await used();
  for (let scrape = 0; scrape < 40; scrape += 1) {
    const exposition = `# ${'x'.repeat(500_000)}\nm_bucket{le="1"} 1 # {trace_id="${id(32, scrape + 1)}"} 1 1\n`;
    held.push(readSamples(exposition, () => true).map(({ exemplar }) => exemplar));
  }
  expect((await used()) - before).toBeLessThan(mebibyte);
});
