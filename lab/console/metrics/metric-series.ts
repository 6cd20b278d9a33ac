import type { MetricSeries } from '../api-types.ts';
import { mostExemplarsOfSeries, mostPointsOfSeries } from '../otlp/limits.ts';
import { shownTime } from '../second-by-second.ts';
import { bucketsOf, difference, type Measured, type MetricPoint, quantileIn } from './metric-points.ts';

/** The points of one series, in the order of their times. */
export interface StoredSeries {
  readonly about: Pick<MetricPoint, 'service' | 'scope' | 'name' | 'kind' | 'labels'>;
  /** Estimated size in memory. */
  bytes(): number;
  last(): number;
  /** A point that is not newer than the last one is left out. @returns whether it was kept */
  add(point: MetricPoint): boolean;
  since(after: number): MetricSeries;
}

type Values = Record<string, number | null>;
type Buckets = Array<[number | null, number]>;
interface Row {
  time: number;
  values: Values;
  buckets?: Buckets;
}

/** Approximate bytes of a series without points, of a point, and of each of its numbers. */
const sizes = { series: 1200, point: 96, number: 24 };

const shares = { p50: 0.5, p95: 0.95, p99: 0.99 };

export function createSeriesOf(first: MetricPoint): StoredSeries {
  const { service, scope, name, kind, labels } = first;
  const about = { service, scope, name, kind, labels };
  const ownSize = sizes.series + 2 * JSON.stringify(about).length;
  let rows: Row[] = [];
  let exemplars: MetricSeries['exemplars'] = [];
  let before: MetricPoint | undefined;
  let total = 0;
  let size = ownSize;

  function keep(row: Row): void {
    rows.push(row);
    size += sizeOf(row);
    const oldest = row.time - shownTime;
    let gone = 0;
    while (rows.length - gone > mostPointsOfSeries || (rows[gone]?.time ?? row.time) < oldest) {
      size -= sizeOf(rows[gone]);
      gone += 1;
    }
    if (gone > 0) rows = rows.slice(gone);
  }

  return {
    about,
    bytes: () => size,
    last: () => before?.time ?? 0,
    add(point) {
      if (before !== undefined && point.time <= before.time) return false;
      const seconds = before === undefined ? 0 : (point.time - before.time) / 1000;
      const increase = point.isDelta ? point.measured : since(before, point);
      if ('value' in point.measured && point.isDelta) total += point.measured.value ?? 0;
      keep({ time: point.time, ...rowOf(point, { increase, seconds, total }) });
      if (point.exemplars.length > 0)
        exemplars = [...exemplars, ...point.exemplars].slice(-mostExemplarsOfSeries);
      before = point;
      return true;
    },
    since(after) {
      const wanted = rows.filter(({ time }) => time > after);
      const names = new Set(wanted.flatMap(({ values }) => Object.keys(values)));
      const column = (each: string) => wanted.map(({ values }) => values[each] ?? null);
      return {
        service,
        scope,
        kind,
        labels: { ...labels },
        times: wanted.map(({ time }) => time),
        columns: Object.fromEntries([...names].map((each) => [each, column(each)])),
        ...(kind === 'histogram' && { buckets: wanted.map(({ buckets = [] }) => buckets) }),
        exemplars: exemplars.filter(({ time }) => time > after),
      };
    },
  };
}

const sizeOf = (row: Row | undefined): number =>
  row === undefined
    ? 0
    : sizes.point +
      sizes.number * Object.keys(row.values).length +
      3 * sizes.number * (row.buckets?.length ?? 0);

/** What a cumulative point adds to the one before; `undefined` for the first one. */
function since(before: MetricPoint | undefined, { measured: now, start }: MetricPoint): Measured | undefined {
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
  /** Since the point before; 0 for the first one. */
  seconds: number;
  total: number;
}

function rowOf(
  { kind, measured, isDelta }: MetricPoint,
  { increase, seconds, total }: Progress,
): Omit<Row, 'time'> {
  const rate = (amount: number | null | undefined) =>
    seconds > 0 && amount !== undefined ? finite((amount ?? Number.NaN) / seconds) : null;
  if ('value' in measured) {
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
  return {
    values,
    buckets: buckets.map(({ upper, count }): [number | null, number] => [finite(upper), count]),
  };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
