import { expect, test } from 'vitest';
import type { MetricPoint } from './metric-points.ts';
import { createSeriesOf } from './metric-series.ts';

/** A point of a histogram whose observations are all below 1. Times are seconds. */
function pointOf(start: number, time: number, count: number, isDelta: boolean): MetricPoint {
  return {
    service: 'mail',
    scope: '',
    name: 'delay',
    unit: '',
    description: '',
    kind: 'histogram',
    labels: {},
    start: start * 1000,
    time: time * 1000,
    isDelta,
    measured: { count, sum: 0, distribution: { layout: { bounds: [1] }, counts: new Map([[0, count]]) } },
    exemplars: [],
  };
}

test.each([
  ['deltas', true, [[[1, 2]], [[1, 5]]], [1000, 240_000]],
  ['cumulative counts', false, [[], [[1, 3]]], [10_000, 10_000]],
])(
  'a histogram of %s says since when the observations of each point are, also after a silence',
  (_kind, isDelta, buckets, begins) => {
    const first = pointOf(1, 10, 2, isDelta);
    const series = createSeriesOf(first);
    series.add(first);
    series.add(pointOf(isDelta ? 240 : 1, 250, 5, isDelta));
    expect(series.since(0)).toMatchObject({ times: [10_000, 250_000], begins, buckets });
  },
);

test('a series of a histogram without bounds counts among others by its mean', () => {
  const first = pointOf(1, 10, 2, true);
  const distribution = { layout: { bounds: [] }, counts: new Map([[0, 2]]) };
  const series = createSeriesOf(first);
  series.add({ ...first, measured: { count: 2, sum: 6, distribution } });
  expect(series.newest()).toBe(3);
});
