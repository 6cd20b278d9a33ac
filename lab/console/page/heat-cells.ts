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

/** The observations of all series together, by time and bucket. */
export function heatOf(series: ReadonlyArray<Pick<MetricSeries, 'times' | 'begins' | 'buckets'>>): Heat {
  const counts = new Map<string, HeatCell & { bound: number }>();
  for (const { times, begins = [], buckets = [] } of series) {
    for (const [index, time] of times.entries()) {
      const from = begins[index] ?? time;
      for (const [upper, count] of buckets[index] ?? []) {
        const bound = upper ?? Infinity;
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
