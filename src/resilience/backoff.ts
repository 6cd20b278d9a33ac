/** Bounds of the waits between attempts, in milliseconds. */
export interface Backoff {
  /** Upper bound of the first wait; it doubles with every retry. */
  base: number;
  /** Shortest wait: full jitter alone can draw nearly 0 and hammer a service that is struggling. */
  floor: number;
  /** Longest wait. */
  cap: number;
}

/**
 * The wait before a retry, in milliseconds: exponential backoff with full jitter, between `floor` and
 * min(cap, base · 2^(retry − 1)).
 *
 * @param retry 1 for the first retry
 * @param random a number in [0, 1)
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function fullJitter(retry: number, { base, floor, cap }: Backoff, random = Math.random): number {
  // 2^1024 is Infinity, and Infinity times a base of 0 is NaN.
  const bound = Math.min(cap, base * 2 ** Math.min(retry - 1, 1023));
  return Math.max(floor, random() * bound);
}
