/** Counts of a histogram by upper bound in seconds, each with those of the smaller bounds in it. */
export type Buckets = ReadonlyMap<number, number>;

/** What came in between two readings. A count that has become smaller was started anew, with its process. */
export function bucketsBetween(before: Buckets, now: Buckets): Buckets {
  const total = (buckets: Buckets) => buckets.get(Infinity) ?? 0;
  if (total(now) < total(before)) return now;
  return new Map([...now].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)]));
}

/**
 * As Prometheus estimates it: values are taken to lie evenly in their bucket. Of those beyond the largest bound
 * nothing more is known than that bound.
 *
 * @param share from 0 to 1
 * @returns seconds; `null` where nothing was counted
 * @see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 */
export function quantile(buckets: Buckets, share: number): number | null {
  const total = buckets.get(Infinity) ?? 0;
  if (total <= 0) return null;
  const rank = share * total;
  let lower = 0;
  let below = 0;
  for (const [bound, count] of [...buckets].toSorted(([a], [b]) => a - b)) {
    if (count >= rank) {
      if (bound === Infinity) return lower;
      return lower + (bound - lower) * ((rank - below) / (count - below || 1));
    }
    lower = bound;
    below = count;
  }
  return lower;
}
