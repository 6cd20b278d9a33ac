import { expect, test } from 'vitest';
import { readMetrics } from '../otlp/json.ts';
import { createMetricStore } from './metric-store.ts';
import { pointsOf } from './otlp-points.ts';

type Member = Readonly<Record<string, unknown>>;

/** The series of a counter whose points these are, each sent by the process with these attributes. */
function seriesOf(sent: ReadonlyArray<readonly [point: Member, ofProcess: readonly Member[]]>) {
  const store = createMetricStore(10_000_000);
  for (const [at, [point, attributes]] of sent.entries()) {
    const dataPoints = [{ timeUnixNano: `${1_700_000_000 + 10 * at}000000000`, ...point }];
    const metrics = [{ name: 'c', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints } }];
    const resourceMetrics = [{ resource: { attributes }, scopeMetrics: [{ metrics }] }];
    for (const each of readMetrics(JSON.stringify({ resourceMetrics }))) store.add(pointsOf(each).points);
  }
  return store.find({ name: 'c', after: 0, limit: 50 }).series;
}

test('processes of one service have series of their own, also without an instance', () => {
  const ofProcess = (pid: string) => [
    { key: 'host.name', value: { stringValue: 'box' } },
    { key: 'process.pid', value: { intValue: pid } },
  ];
  const [large, small] = [{ asInt: '1000' }, { asInt: '5' }];
  const sent = [large, small, large, small].map(
    (point, at) => [point, ofProcess(at % 2 === 0 ? '7' : '8')] as const,
  );
  expect(seriesOf(sent).map(({ labels, columns }) => [labels['instance'], columns['rate']])).toEqual([
    ['box:7', [null, 0]],
    ['box:8', [null, 0]],
  ]);
});

test('a point whose value is null, as JavaScript writes NaN, is a gap and no 0', () => {
  const values = [{ asDouble: 4 }, { asDouble: null }, {}, { asDouble: null, asInt: '6' }];
  const [series] = seriesOf(values.map((value) => [value, []]));
  expect(series?.columns['total']).toEqual([4, null, null, 6]);
});

test('a histogram or a summary without a value is a gap, and what was counted before it is not counted again', () => {
  const [first, ...later] = [10, 30, 40].map((seconds) => ({
    timeUnixNano: `${1_700_000_000 + seconds}000000000`,
    count: String(1000 + seconds),
    sum: 5,
  }));
  const dataPoints = [first, { timeUnixNano: '1700000020000000000', count: '0', flags: 1 }, ...later];
  const metrics = [
    { name: 'h', histogram: { aggregationTemporality: 2, dataPoints } },
    { name: 's', summary: { dataPoints } },
  ];
  const store = createMetricStore(10_000_000);
  for (const each of readMetrics(JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] })))
    store.add(pointsOf(each).points);
  const [histogram, summary] = ['h', 's'].map((name) => store.find({ name, after: 0, limit: 50 }).series[0]);
  for (const each of [histogram, summary]) expect(each?.columns['rate']).toEqual([null, null, null, 1]);
  expect(histogram?.buckets).toEqual([[], [], [], [[null, 10]]]);
});
