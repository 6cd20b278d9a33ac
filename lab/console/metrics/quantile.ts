/** Cumulative counts of a histogram by upper bound in seconds. */
export type Buckets = ReadonlyMap<number, number>;

/** The observations between two readings. A smaller count means that the process was restarted. */
export function bucketsBetween(before: Buckets, now: Buckets): Buckets {
  const total = (buckets: Buckets) => buckets.get(Infinity) ?? 0;
  if (total(now) < total(before)) return now;
  return new Map([...now].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)]));
}

/**
 * Estimates a quantile as Prometheus does: values are assumed to be spread evenly within their bucket. Beyond the
 * largest finite bound, the estimate is that bound.
 *
 * @param share from 0 to 1
 * @returns seconds; `null` if the histogram is empty
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
