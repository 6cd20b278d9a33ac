import type { MetricKind } from '../api-types.ts';

/** One measurement of a series, as its sender made it. Times are milliseconds since 1970. */
export interface MetricPoint {
  service: string;
  scope: string;
  name: string;
  unit: string;
  description: string;
  kind: MetricKind;
  labels: Readonly<Record<string, string>>;
  time: number;
  /** Begin of what a cumulative point counts; 0 if it is not known. A later begin means that the sender restarted. */
  start: number;
  /** Counts since the previous point, instead of since the start. */
  isDelta: boolean;
  measured: Measured;
  exemplars: ReadonlyArray<{ time: number; value: number; traceId: string; spanId: string }>;
}

export type Measured =
  /** Of any kind, null if the sender had no value. */
  | { value: number | null }
  | { count: number; sum: number | undefined; distribution: Distribution }
  | { count: number; sum: number; quantiles: ReadonlyArray<readonly [quantile: number, value: number]> };

/** Counts by bucket. Two points can be subtracted if they have one layout. */
export interface Distribution {
  /** For explicit buckets their bounds; for exponential ones the scale. */
  layout: { bounds: readonly number[] } | { scale: number; zeroThreshold: number };
  /** By index: of the bound above it; or of an exponential bucket, see {@link exponentialIndex}. */
  counts: ReadonlyMap<number, number>;
}

export interface Bucket {
  lower: number;
  /** May be infinite. */
  upper: number;
  count: number;
}

/** Maximum number of buckets of one point. SDKs use 160. */
export const mostBuckets = 1000;

const zeroIndex = 0;
/** Far beyond every exponent of a double: at most 2^11 powers of two, each in 2^20 parts. */
const origin = 2 ** 32;

/** Indexes of negative values are below 0, and of positive ones above, in the order of the values. */
export const exponentialIndex = (sign: 1 | -1, index: number): number => sign * (origin + index);

/** The observations between two points with cumulative counts; none if they cannot be subtracted, and those of the later one after a restart. */
export function difference(before: Distribution, now: Distribution): Distribution {
  const earlier = inLayoutOf(now, before);
  if (earlier === undefined) return { layout: now.layout, counts: new Map() };
  const counts = new Map<number, number>();
  for (const [index, count] of now.counts) counts.set(index, count - (earlier.get(index) ?? 0));
  const isReset = [...counts.values()].some((count) => count < 0);
  return isReset ? now : { layout: now.layout, counts };
}

function inLayoutOf(
  { layout }: Distribution,
  { layout: own, counts }: Distribution,
): ReadonlyMap<number, number> | undefined {
  if ('bounds' in layout) {
    const isSame =
      'bounds' in own &&
      own.bounds.length === layout.bounds.length &&
      own.bounds.every((bound, index) => bound === layout.bounds[index]);
    return isSame ? counts : undefined;
  }
  if ('bounds' in own || own.scale < layout.scale || own.zeroThreshold !== layout.zeroThreshold)
    return undefined;
  // A sender lowers the scale when its values spread: each step joins two neighbours.
  const parts = 2 ** (own.scale - layout.scale);
  const joined = new Map<number, number>();
  for (const [index, count] of counts) {
    const to = index === zeroIndex ? index : coarser(index, parts);
    joined.set(to, (joined.get(to) ?? 0) + count);
  }
  return joined;
}

function coarser(index: number, parts: number): number {
  const sign = index < 0 ? -1 : 1;
  return exponentialIndex(sign, Math.floor((Math.abs(index) - origin) / parts));
}

/** In the order of their values, with the empty ones of explicit bounds left out. */
export function bucketsOf({ layout, counts }: Distribution): Bucket[] {
  return [...counts]
    .filter(([, count]) => count > 0)
    .toSorted(([a], [b]) => a - b)
    .map(([index, count]) => {
      const { lower, upper } = edgesOf(layout, index);
      return { lower, upper, count };
    });
}

function edgesOf(layout: Distribution['layout'], index: number): { lower: number; upper: number } {
  if ('bounds' in layout) {
    const { bounds } = layout;
    const upper = bounds[index] ?? Infinity;
    // Without bounds, nothing is known of a value.
    const least = bounds.length === 0 ? -Infinity : Math.min(0, upper);
    return { lower: bounds[index - 1] ?? least, upper };
  }
  if (index === zeroIndex) return { lower: -layout.zeroThreshold, upper: layout.zeroThreshold };
  // The exponent is exact, so a bound that two scales share is one number.
  const boundAt = (power: number) => 2 ** (power * 2 ** -layout.scale);
  const power = Math.abs(index) - origin;
  const [near, far] = [boundAt(power), boundAt(power + 1)];
  return index < 0 ? { lower: -far, upper: -near } : { lower: near, upper: far };
}

/**
 * Assumes that values are spread evenly within their bucket. Beyond the last finite bound, the estimate is that bound.
 *
 * @returns null without observations, or without bounds
 */
export function quantileIn(buckets: readonly Bucket[], share: number): number | null {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  let below = 0;
  for (const { lower, upper, count } of buckets) {
    const rank = share * total - below;
    if (count >= rank)
      return Number.isFinite(upper) ? lower + (upper - lower) * (rank / count) : finiteOrNull(lower);
    below += count;
  }
  return null;
}

const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
