/**
 * Counts of values on a logarithmic scale: a quantile is exact to an eighth of its value, in a few hundred bytes, and never beyond the
 * values that there were. So that of one value is this value.
 */
export interface LogHistogram {
  add(value: number): void;
  addAll(other: LogHistogram): void;
  /** @param share from 0 to 1. @returns `null` if the histogram is empty */
  quantile(share: number): number | null;
  readonly counts: Uint32Array;
  /** Infinite if it is empty. */
  readonly least: number;
  readonly largest: number;
}

/** Each bucket is wider than the one before by this factor; the first ends at `smallest`. */
const factor = 1.25;
const smallest = 0.01;
const buckets = 96;

export function createLogHistogram(): LogHistogram {
  const counts = new Uint32Array(buckets);
  const bump = (at: number, by: number) => {
    counts[at] = (counts[at] ?? 0) + by;
  };
  let [least, largest] = [Infinity, -Infinity];
  const within = (value: number) => Math.min(Math.max(value, least), largest);
  return {
    counts,
    get least() {
      return least;
    },
    get largest() {
      return largest;
    },
    add(value) {
      if (value < least) least = value;
      if (value > largest) largest = value;
      const at = value <= smallest ? 0 : Math.ceil(Math.log(value / smallest) / Math.log(factor));
      bump(Math.min(at, buckets - 1), 1);
    },
    addAll(other) {
      least = Math.min(least, other.least);
      largest = Math.max(largest, other.largest);
      for (const [at, count] of other.counts.entries()) bump(at, count);
    },
    quantile(share) {
      const total = counts.reduce((sum, count) => sum + count, 0);
      if (total === 0) return null;
      let below = 0;
      for (const [at, count] of counts.entries()) {
        below += count;
        if (below >= share * total && count > 0) return within(smallest * factor ** (at - 0.5));
      }
      return largest;
    },
  };
}
