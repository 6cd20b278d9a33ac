import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readMetrics } from '../otlp/json.ts';
import { createMetricStore } from './metric-store.ts';
import { pointsOf } from './otlp-points.ts';

const start = 1_700_000_000_000;
const nanos = (seconds: number) => `${start + seconds * 1000}000000`;

/** A store that has received these metrics of OTLP, in JSON. */
function storeOf(metrics: readonly object[], capacity = 10_000_000) {
  const store = createMetricStore(capacity);
  const rejected = send(store, metrics);
  return { store, rejected };
}

function send(store: ReturnType<typeof createMetricStore>, metrics: readonly object[]): number {
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'tea' } }] };
  const request = { resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'shop' }, metrics }] }] };
  const read = readMetrics(JSON.stringify(request)).map(pointsOf);
  store.add(read.flatMap(({ points }) => points));
  return read.reduce((sum, { rejected }) => sum + rejected, 0);
}

const find = (store: ReturnType<typeof createMetricStore>, name: string, rest = {}) =>
  store.find({ name, after: 0, limit: 50, ...rest });
const cumulative = { aggregationTemporality: 2 };
const delta = { aggregationTemporality: 1 };

test('a gauge and an updown have their values, and a counter its rate, in both temporalities', () => {
  const points = [
    { timeUnixNano: nanos(10), asInt: '5' },
    { timeUnixNano: nanos(20), asInt: '25' },
    { timeUnixNano: nanos(30), asDouble: 3 },
  ];
  const { store } = storeOf([
    { name: 'g', unit: '1', gauge: { dataPoints: points } },
    { name: 'u', sum: { dataPoints: points, ...delta } },
    { name: 'c', sum: { dataPoints: points, isMonotonic: true, ...cumulative } },
    { name: 'd', sum: { dataPoints: points, isMonotonic: true, ...delta } },
  ]);
  const times = [10, 20, 30].map((seconds) => start + seconds * 1000);
  expect(find(store, 'g').series).toMatchObject([
    { service: 'tea', scope: 'shop', kind: 'gauge', times, columns: { value: [5, 25, 3] } },
  ]);
  expect(find(store, 'u').series[0]).toMatchObject({ kind: 'updown', columns: { value: [5, 30, 33] } });
  // The process was restarted before the last point, so that all of it is new.
  expect(find(store, 'c').series[0]?.columns).toEqual({ rate: [null, 2, 0.3], total: [5, 25, 3] });
  expect(find(store, 'd').series[0]?.columns).toEqual({ rate: [null, 2.5, 0.3], total: [5, 30, 33] });
  expect(find(store, 'c', { after: times[1] }).series[0]?.times).toEqual([times[2]]);
});

test('a histogram has rates, quantiles and the observations between two points', () => {
  const explicitBounds = [0.1, 1];
  const { store } = storeOf([
    {
      name: 'h',
      unit: 's',
      histogram: {
        ...cumulative,
        dataPoints: [
          { timeUnixNano: nanos(10), count: '4', sum: 2, explicitBounds, bucketCounts: ['4', '0', '0'] },
          {
            timeUnixNano: nanos(20),
            count: '14',
            sum: 7,
            explicitBounds,
            bucketCounts: ['4', '10', '0'],
            exemplars: [
              { timeUnixNano: nanos(19), asDouble: 0.5, traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) },
            ],
          },
        ],
      },
    },
  ]);
  expect(find(store, 'h').series[0]).toMatchObject({
    kind: 'histogram',
    columns: { rate: [null, 1], mean: [null, 0.5], p50: [null, 0.55] },
    buckets: [[], [[1, 10]]],
    exemplars: [{ time: start + 19_000, value: 0.5, traceId: 'a'.repeat(32) }],
  });
});

// https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
test('an exponential histogram has buckets of its scale, also after the scale was lowered', () => {
  const exponential = (seconds: number, rest: object) => ({ timeUnixNano: nanos(seconds), ...rest });
  const { store } = storeOf([
    {
      name: 'e',
      exponentialHistogram: {
        ...cumulative,
        dataPoints: [
          // Scale 1: buckets end at powers of the square root of 2. Offset 2: (2, 2.83], (2.83, 4].
          exponential(10, {
            count: '3',
            sum: 8,
            scale: 1,
            zeroCount: '0',
            positive: { offset: 2, bucketCounts: ['1', '2'] },
          }),
          // Scale 0: both are (2, 4] now, and one more was observed in (4, 8], in (-2, -1] and at zero each.
          exponential(20, {
            count: '6',
            sum: 14,
            scale: 0,
            zeroCount: '1',
            positive: { offset: 1, bucketCounts: ['3', '1'] },
            negative: { offset: 0, bucketCounts: ['1'] },
          }),
        ],
      },
    },
  ]);
  expect(find(store, 'e').series[0]?.buckets).toEqual([
    [],
    [
      [-1, 1],
      [0, 1],
      [8, 1],
    ],
  ]);
});

test('a histogram without bounds has a mean, and no quantile', () => {
  const points = [10, 20].map((seconds) => ({ timeUnixNano: nanos(seconds), count: '2', sum: 7 }));
  const { store } = storeOf([{ name: 'h', histogram: { dataPoints: points, ...delta } }]);
  expect(find(store, 'h').series[0]?.columns).toMatchObject({ mean: [3.5, 3.5], p95: [null, null] });
});

test('a summary has the quantiles of its sender', () => {
  const quantileValues = [{ quantile: 0.99, value: 7 }];
  const { store } = storeOf([
    { name: 's', summary: { dataPoints: [{ timeUnixNano: nanos(1), count: '1', sum: 7, quantileValues }] } },
  ]);
  expect(find(store, 's').series[0]?.columns).toMatchObject({ 'q0.99': [7] });
});

test('points that no reader could place are rejected and counted', () => {
  const point = { timeUnixNano: nanos(1), count: '1' };
  const { rejected, store } = storeOf([
    { gauge: { dataPoints: [{ asInt: '1' }] } },
    { name: 'h', histogram: { dataPoints: [{ ...point, explicitBounds: [1], bucketCounts: ['1'] }] } },
    {
      name: 'h',
      histogram: { dataPoints: [{ ...point, explicitBounds: [2, 1], bucketCounts: ['1', '0', '0'] }] },
    },
    { name: 'e', exponentialHistogram: { dataPoints: [{ ...point, scale: 99 }] } },
  ]);
  expect(rejected).toBe(4);
  expect(store.list().metrics).toEqual([]);
});

test('a point that is sent twice is kept once, and one without a value is a gap', () => {
  const dataPoints = [
    { timeUnixNano: nanos(1), asInt: '1' },
    { timeUnixNano: nanos(2), flags: 1 },
  ];
  const { store } = storeOf([{ name: 'g', gauge: { dataPoints } }]);
  send(store, [{ name: 'g', gauge: { dataPoints } }]);
  expect(find(store, 'g').series).toMatchObject([{ columns: { value: [1, null] } }]);
});

test('series are told apart by their labels, and found by them', () => {
  const attribute = (value: object) => [{ key: 'route', value }];
  const dataPoints = [
    { timeUnixNano: nanos(1), asInt: '1', attributes: attribute({ stringValue: '/a' }) },
    { timeUnixNano: nanos(1), asInt: '2', attributes: attribute({ intValue: '7' }) },
  ];
  const { store } = storeOf([{ name: 'g', description: 'd', unit: 'By', gauge: { dataPoints } }]);
  expect(store.list().metrics).toEqual([
    {
      name: 'g',
      kind: 'gauge',
      unit: 'By',
      description: 'd',
      services: ['tea'],
      series: 2,
      refused: 0,
      labels: { route: ['/a', '7'] },
      last: start + 1000,
    },
  ]);
  expect(find(store, 'g', { label: 'route=7' }).series).toMatchObject([{ columns: { value: [2] } }]);
  expect(find(store, 'g', { label: ['route=7', 'route=/a'] }).series).toEqual([]);
  expect(find(store, 'g', { limit: 1 })).toMatchObject({ skipped: 1 });
  expect(find(store, 'g', { service: 'coffee' }).series).toEqual([]);
});

test('the series with the largest newest values are found first', () => {
  const dataPoints = [1, 3, 2].map((value) => ({
    timeUnixNano: nanos(1),
    asInt: String(value),
    attributes: [{ key: 'id', value: { stringValue: String(value) } }],
  }));
  const { store } = storeOf([{ name: 'g', gauge: { dataPoints } }]);
  expect(find(store, 'g', { limit: 2 })).toMatchObject({
    series: [{ columns: { value: [3] } }, { columns: { value: [2] } }],
    skipped: 1,
  });
});

test('a name with two units is two metrics, each with its own series', () => {
  const dataPoints = [{ timeUnixNano: nanos(1), asInt: '1' }];
  const { store } = storeOf(['s', 'ms'].map((unit) => ({ name: 'wait', unit, gauge: { dataPoints } })));
  expect(store.list().metrics.map(({ unit }) => unit)).toEqual(['s', 'ms']);
  expect(find(store, 'wait', { unit: 'ms' }).series).toMatchObject([{ unit: 'ms' }]);
  expect(find(store, 'wait').series).toHaveLength(2);
});

test('a metric store stays within its capacity, and a label with endless values displaces no other metric', () => {
  const capacity = 2_000_000;
  const now = `${Date.now()}000000`;
  const { store } = storeOf(
    [{ name: 'kept', gauge: { dataPoints: [{ timeUnixNano: now, asInt: '1' }] } }],
    capacity,
  );
  for (let round = 0; round < 20; round += 1) {
    const dataPoints = Array.from({ length: 200 }, (_, index) => ({
      timeUnixNano: now,
      asInt: '1',
      attributes: [{ key: 'id', value: { stringValue: `${round}-${index}` } }],
    }));
    send(store, [{ name: 'endless', gauge: { dataPoints } }]);
  }
  expect(store.bytes()).toBeLessThanOrEqual(capacity);
  expect(find(store, 'kept').series).toHaveLength(1);
  expect(find(store, 'endless', { limit: 200 })).toMatchObject({ skipped: 300 });
  expect(store.list().dropped).toEqual({ series: 0, points: 3500 });
  expect(store.list().metrics[0]?.refused).toBe(3500);
});

test('the size of a metric store is bounded whatever is sent', () => {
  const metric = fc.record({
    name: fc.integer({ min: 0, max: 400 }),
    label: fc.string(),
    at: fc.nat({ max: 100 }),
  });
  fc.assert(
    fc.property(fc.array(metric, { maxLength: 300 }), (sent) => {
      const store = createMetricStore(50_000);
      for (const { name, label, at } of sent) {
        const dataPoints = [
          {
            timeUnixNano: String(BigInt(Date.now() + at) * 1_000_000n),
            asInt: '1',
            attributes: [{ key: 'l', value: { stringValue: label } }],
          },
        ];
        send(store, [{ name: `m${name}`, gauge: { dataPoints } }]);
        expect(store.bytes()).toBeLessThanOrEqual(50_000);
      }
      const series = store.list().metrics.reduce((sum, each) => sum + each.series, 0);
      if (series === 0) expect(store.bytes()).toBe(0);
    }),
    { numRuns: 30 },
  );
});

test('exemplars are kept with valid ids only, in a number that is bounded, and count', () => {
  const exemplar = (at: number, traceId: string, spanId: string) => ({
    timeUnixNano: nanos(at),
    asInt: '1',
    traceId,
    spanId,
  });
  const [traceId, spanId] = ['a'.repeat(32), 'b'.repeat(16)];
  const exemplars = [
    ...Array.from({ length: 100 }, (_, at) => exemplar(at, traceId, spanId)),
    exemplar(100, 'c'.repeat(500_000), spanId),
    exemplar(101, traceId, 'd'.repeat(500_000)),
  ];
  const point = { timeUnixNano: nanos(1), asInt: '1' };
  const { store } = storeOf([{ name: 'g', gauge: { dataPoints: [point] } }]);
  const without = store.bytes();
  send(store, [{ name: 'g', gauge: { dataPoints: [{ ...point, timeUnixNano: nanos(2), exemplars }] } }]);
  const kept = find(store, 'g').series[0]?.exemplars ?? [];
  expect(kept).toHaveLength(30);
  expect(kept.at(-1)).toEqual({ time: start + 101_000, value: 1, traceId, spanId: '' });
  expect(store.bytes()).toBeGreaterThan(without + 30 * (32 + 16));
});
