import type { MetricSeries } from '../api-types.ts';
import { mostExemplarsOfSeries, mostPointsOfSeries } from '../otlp/limits.ts';
import { shownTime } from '../second-by-second.ts';
import { createNumberTable } from './number-table.ts';
import { bucketsOf, difference, type Measured, type MetricPoint, quantileIn } from './metric-points.ts';

/** The points of one series, in the order of their times. */
export interface StoredSeries {
  readonly about: Pick<MetricPoint, 'service' | 'scope' | 'name' | 'kind' | 'unit' | 'labels'>;
  /** Estimated size in memory. */
  bytes(): number;
  last(): number;
  /** The newest value of the column that is plotted; -Infinity without one. */
  newest(): number;
  /** A point that is not newer than the last one is left out. @returns whether it was kept */
  add(point: MetricPoint): boolean;
  since(after: number): MetricSeries;
}

type Values = Record<string, number | null>;
interface Row {
  values: Values;
  /** Since when they count, then upper bound and count in turn, which takes less than a pair of each. */
  buckets?: number[];
}

/** Approximate bytes of a series with its last point and without others, of the buckets of a point, of each of their numbers, and of an exemplar. */
const sizes = { series: 3000, buckets: 64, number: 8, exemplar: 200 };

/** The column of a kind that the page plots. Of a histogram without buckets, which has no quantiles, it is the mean. */
const plotted = { counter: 'rate', gauge: 'value', updown: 'value', histogram: 'p95', summary: 'mean' };

const shares = { p50: 0.5, p95: 0.95, p99: 0.99 };

export function createSeriesOf(first: MetricPoint): StoredSeries {
  const { service, scope, name, kind, labels, unit, description } = first;
  const about = { service, scope, name, kind, unit, labels };
  // The texts of a metric are kept once, but it may have one series.
  const texts = Buffer.byteLength(JSON.stringify({ ...about, description }));
  const ownSize = sizes.series + 2 * texts;
  const rows = createNumberTable();
  let buckets: number[][] = [];
  let exemplars: MetricSeries['exemplars'] = [];
  let before: Pick<MetricPoint, 'time' | 'measured'> | undefined;
  let newest = -Infinity;
  let total = 0;
  let ofBuckets = 0;

  function keep(time: number, row: Row): void {
    rows.add(time, row.values);
    const gone = rows.trim(mostPointsOfSeries, time - shownTime);
    if (row.buckets === undefined) return;
    buckets.push(row.buckets);
    ofBuckets += sizeOf(row.buckets);
    if (gone === 0) return;
    for (const dropped of buckets.slice(0, gone)) ofBuckets -= sizeOf(dropped);
    buckets = buckets.slice(gone);
  }

  return {
    about,
    bytes: () => ownSize + rows.bytes() + ofBuckets + exemplars.length * sizes.exemplar,
    last: () => before?.time ?? 0,
    newest: () => newest,
    add(point) {
      if (before !== undefined && point.time <= before.time) return false;
      const from = beginOf(point) ?? before?.time ?? point.time;
      const increase = point.isDelta ? point.measured : since(before, point);
      if ('value' in point.measured && point.isDelta) total += point.measured.value ?? 0;
      const row = rowOf(point, { increase, from, total });
      newest = row.values[plotted[kind]] ?? row.values['mean'] ?? newest;
      keep(point.time, row);
      if (point.exemplars.length > 0)
        exemplars = [...exemplars, ...point.exemplars].slice(-mostExemplarsOfSeries);
      // The rest of a point would be a copy of all texts.
      before = { time: point.time, measured: point.measured };
      return true;
    },
    since(after) {
      const wanted = rows.since(after);
      const wantedBuckets = buckets.slice(buckets.length - wanted.times.length);
      return {
        service,
        scope,
        kind,
        unit,
        labels: { ...labels },
        ...wanted,
        ...(kind === 'histogram' && {
          begins: wantedBuckets.map(([begin = 0]) => begin),
          buckets: wantedBuckets.map(pairsOf),
        }),
        exemplars: exemplars.filter(({ time }) => time > after),
      };
    },
  };
}

/** When a point with a delta begins, if it says so: after a silence, long after the point before it has ended. */
function beginOf({ isDelta, start, time }: MetricPoint): number | undefined {
  return isDelta && start > 0 && start < time ? start : undefined;
}

const sizeOf = (buckets: readonly number[]): number => sizes.buckets + sizes.number * buckets.length;

function pairsOf([, ...buckets]: readonly number[]): Array<[number | null, number]> {
  return Array.from({ length: buckets.length / 2 }, (_, at) => [
    finite(buckets[2 * at] ?? Infinity),
    buckets[2 * at + 1] ?? 0,
  ]);
}

/** What a cumulative point adds to the one before; `undefined` for the first one. */
function since(
  before: Pick<MetricPoint, 'time' | 'measured'> | undefined,
  { measured: now, start }: MetricPoint,
): Measured | undefined {
  if (before === undefined) return undefined;
  const { measured: then } = before;
  if (start > before.time) return now;
  if ('value' in now && 'value' in then) {
    if (now.value === null || then.value === null) return undefined;
    // A smaller counter means that the process was restarted.
    return now.value < then.value ? now : { value: now.value - then.value };
  }
  if ('count' in now && 'count' in then) {
    if (now.count < then.count) return now;
    const count = now.count - then.count;
    const sum = (now.sum ?? Number.NaN) - (then.sum ?? Number.NaN);
    if ('distribution' in now && 'distribution' in then)
      return { count, sum, distribution: difference(then.distribution, now.distribution) };
    if ('quantiles' in now) return { count, sum, quantiles: now.quantiles };
  }
  return undefined;
}

interface Progress {
  increase: Measured | undefined;
  /** When the increase begins; for a first point, when it ends. */
  from: number;
  total: number;
}

function rowOf({ kind, measured, isDelta, time }: MetricPoint, { increase, from, total }: Progress): Row {
  const seconds = (time - from) / 1000;
  const rate = (amount: number | null | undefined) =>
    seconds > 0 && amount !== undefined ? finite((amount ?? Number.NaN) / seconds) : null;
  if ('value' in measured) {
    // The sender had none at that time.
    if (kind === 'histogram') return { values: {}, buckets: [from] };
    if (kind === 'summary') return { values: {} };
    const value = isDelta ? total : measured.value;
    if (kind !== 'counter') return { values: { value } };
    return { values: { rate: increase && 'value' in increase ? rate(increase.value) : null, total: value } };
  }
  const more = increase !== undefined && 'count' in increase ? increase : undefined;
  const mean = more === undefined || more.count === 0 ? null : finite((more.sum ?? Number.NaN) / more.count);
  const values: Values = { rate: rate(more?.count), mean };
  if ('quantiles' in measured) {
    for (const [quantile, value] of measured.quantiles) values[`q${quantile}`] = finite(value);
    return { values };
  }
  const buckets = more !== undefined && 'distribution' in more ? bucketsOf(more.distribution) : [];
  for (const [column, share] of Object.entries(shares)) values[column] = quantileIn(buckets, share);
  // A copy is as long as it needs to be; an array that has grown has room for 16 more.
  return { values, buckets: [from, ...buckets.flatMap(({ upper, count }) => [upper, count])].slice() };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
