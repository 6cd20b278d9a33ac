import type { MetricSeries } from '../api-types.ts';

/** One bucket of a histogram in one interval. */
export interface HeatCell {
  /** Milliseconds since 1970. */
  from: number;
  to: number;
  /** Index of the bucket in `bounds`. */
  row: number;
  count: number;
}

export interface Heat {
  /** Upper bounds, ascending; the last may be infinite. */
  bounds: number[];
  cells: HeatCell[];
  /** The largest count. */
  most: number;
}

/** Maximum number of rows. An exponential histogram has 160 buckets, and its senders change their bounds. */
const mostRows = 32;
/** Parts of a power of two, as an exponent: the finest first. */
const scales = Array.from({ length: 16 }, (_, step) => 5 - step);

/** The observations of all series together, by time and bucket; neighbouring buckets are joined if there are too many for rows. */
export function heatOf(series: ReadonlyArray<Pick<MetricSeries, 'times' | 'begins' | 'buckets'>>): Heat {
  const counts = new Map<string, HeatCell & { bound: number }>();
  const rowOf = rowsFor(series);
  for (const { times, begins = [], buckets = [] } of series) {
    for (const [index, time] of times.entries()) {
      const from = begins[index] ?? time;
      for (const [upper, count] of buckets[index] ?? []) {
        const bound = rowOf(upper ?? Infinity);
        const key = `${time} ${bound}`;
        const known = counts.get(key) ?? { from, to: time, row: 0, count: 0, bound };
        counts.set(key, { ...known, count: known.count + count });
      }
    }
  }
  const found = [...counts.values()];
  const bounds = [...new Set(found.map(({ bound }) => bound))].toSorted((a, b) => a - b);
  const rows = new Map(bounds.map((bound, row) => [bound, row]));
  return {
    bounds,
    cells: found.map(({ from, to, count, bound }) => ({ from, to, count, row: rows.get(bound) ?? 0 })),
    most: found.reduce((most, { count }) => Math.max(most, count), 0),
  };
}

/** The bound of the row in which a bucket stands: its own, or a power of two, whose parts are bounds of every exponential histogram. */
function rowsFor(series: ReadonlyArray<Pick<MetricSeries, 'buckets'>>): (bound: number) => number {
  const bounds = new Set<number>();
  for (const { buckets = [] } of series)
    for (const each of buckets) for (const [upper] of each) bounds.add(upper ?? Infinity);
  const isFew = (row: (bound: number) => number) => new Set([...bounds].map(row)).size <= mostRows;
  const own = (bound: number) => bound;
  if (isFew(own)) return own;
  return scales.map((scale) => (bound: number) => joined(bound, 2 ** scale)).find(isFew) ?? own;
}

function joined(bound: number, parts: number): number {
  if (bound === 0 || !Number.isFinite(bound)) return bound;
  // What rounding added to a bound must not lift it into the next row.
  const place = Number((Math.log2(Math.abs(bound)) * parts).toFixed(6));
  return bound > 0 ? 2 ** (Math.ceil(place) / parts) : -(2 ** (Math.floor(place) / parts));
}
