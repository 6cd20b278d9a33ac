import { startTimeLimit } from './time-limit.ts';

/**
 * The moment at which the caller stops waiting for a response. It is handed down with the work, so that every wait on the
 * way is the shorter of its own bound and the time that remains: no work is done for a caller that has given up.
 *
 * @see https://sre.google/sre-book/addressing-cascading-failures/ (propagating deadlines)
 */
export interface Deadline {
  /** Milliseconds: 0 or less once it has passed, Infinity if there is no deadline. */
  remaining(): number;
}

/** The caller waits for as long as it takes. */
export const noDeadline: Deadline = { remaining: () => Infinity };

export function deadlineIn(milliseconds: number): Deadline {
  const at = performance.now() + milliseconds;
  return { remaining: () => at - performance.now() };
}

/**
 * Resolves with the result of `work`, or with that of `otherwise` if the deadline comes first. The work then continues,
 * and its later error is dropped, because no caller is left to handle it.
 */
export async function orAtDeadline<T, U>(
  deadline: Deadline,
  work: Promise<T>,
  otherwise: () => U,
): Promise<T | U> {
  const remaining = deadline.remaining();
  if (remaining === Infinity) return work;
  const { promise: late, resolve } = Promise.withResolvers<U>();
  const limit = startTimeLimit({ elapsed: remaining }, () => resolve(otherwise()));
  try {
    return await Promise.race([work, late]);
  } finally {
    limit.clear();
  }
}
