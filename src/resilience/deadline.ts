/**
 * The moment up to which somebody waits for an answer. It is handed down with the work, so that every wait on the way
 * is the smaller of its own bound and what is left: nobody works for a caller who has given up.
 *
 * @see https://sre.google/sre-book/addressing-cascading-failures/ (propagating deadlines)
 */
export interface Deadline {
  /** Milliseconds: 0 or less once it has passed, infinite where there is none. */
  remaining(): number;
}

/** Whoever asks waits for as long as it takes. */
export const noDeadline: Deadline = { remaining: () => Infinity };

export function deadlineIn(milliseconds: number): Deadline {
  const at = performance.now() + milliseconds;
  return { remaining: () => at - performance.now() };
}

/**
 * What the work comes to, or `otherwise` where it is not done at the deadline. The work goes on in any case; it must
 * not fail, because nobody may be there any more to be told.
 */
export async function orAtDeadline<T, U>(
  deadline: Deadline,
  work: Promise<T>,
  otherwise: () => U,
): Promise<T | U> {
  const remaining = deadline.remaining();
  if (remaining === Infinity) return work;
  const { promise: late, resolve } = Promise.withResolvers<U>();
  const timer = setTimeout(() => resolve(otherwise()), Math.max(0, remaining));
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
