import pRetry from 'p-retry';
import { type Backoff, fullJitter } from './backoff.ts';
import type { Deadline } from './deadline.ts';
import type { RetryBudget } from './retry-budget.ts';

/** How one attempt ended. A failure that a repeat cannot help is also `done`. */
export type Attempt<T, F> =
  | { kind: 'done'; value: T }
  /** `retryAfter` is the shortest wait that the other side accepts, in milliseconds; default 0. */
  | { kind: 'again'; failure: F; retryAfter?: number };

/** How a call ended, with all its attempts. */
export type RetryResult<T, F> =
  | { kind: 'done'; value: T }
  /** `failure` is that of the last attempt, and `attempt` its number. */
  | { kind: 'gave_up'; because: Obstacle; failure: F; attempt: number };

export type Obstacle = 'attempts' | 'deadline' | 'budget';

export interface RetryOptions<F> {
  backoff: Backoff;
  /** A retry that would start after the deadline is not made. An attempt in flight is not cut short. */
  deadline: Deadline;
  /** The first attempt included. Default: only the deadline bounds them. */
  maxAttempts?: number;
  /** Bounds the retries of all calls that share it. Default: no bound. */
  budget?: RetryBudget;
  /** Attempt number `attempt` failed, and the next one follows after `delay` ms. */
  onRetry?(event: { attempt: number; delay: number; failure: F }): void;
}

/**
 * Repeats an attempt until it is done or a bound is reached, with exponential backoff and full jitter between attempts.
 *
 * @param attempt receives its number: 1 for the first
 * @throws {unknown} the error of an attempt, at once: only `again` is repeated
 */
export async function retryWithFullJitter<T, F>(
  attempt: (number: number) => Promise<Attempt<T, F>>,
  options: RetryOptions<F>,
): Promise<RetryResult<T, F>> {
  const { maxAttempts = Number.POSITIVE_INFINITY, budget } = options;
  const isFailed = (error: unknown): error is FailedAttempt<F> => error instanceof FailedAttempt;
  let because: Obstacle = 'attempts';

  budget?.deposit();
  const first = await attempt(1);
  // Nearly every call ends here, and needs nothing of p-retry, which checks a dozen options each time.
  if (first.kind === 'done') return first;
  try {
    const value = await pRetry(
      async (number) => {
        const result = number === 1 ? first : await attempt(number);
        if (result.kind === 'again') throw new FailedAttempt(result, number);
        return result.value;
      },
      {
        retries: maxAttempts - 1,
        // p-retry counts and repeats. It does not wait: its randomization is not full jitter.
        minTimeout: 0,
        async shouldRetry({ error }) {
          if (!isFailed(error)) return false;
          const obstacle = await waitForRetry(error, options);
          because = obstacle ?? 'attempts';
          return obstacle === undefined;
        },
      },
    );
    return { kind: 'done', value };
  } catch (error) {
    if (!isFailed(error)) throw error;
    return { kind: 'gave_up', because, failure: error.result.failure, attempt: error.number };
  }
}

/** Waits until the next attempt is due, or returns the obstacle to it at once. */
async function waitForRetry<F>(
  { result: { failure, retryAfter = 0 }, number }: FailedAttempt<F>,
  { backoff, deadline, budget, onRetry }: RetryOptions<F>,
): Promise<Obstacle | undefined> {
  const wait = Math.max(retryAfter, fullJitter(number, backoff));
  if (wait >= deadline.remaining()) return 'deadline';
  // The budget comes last: a retry that does not take place must not use up that of another call.
  if (budget?.withdraw() === false) return 'budget';
  onRetry?.({ attempt: number, delay: wait, failure });
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, wait);
  await promise;
  return undefined;
}

/** Carries a failure through p-retry, which repeats only attempts that throw. */
class FailedAttempt<F> extends Error {
  readonly result: { failure: F; retryAfter?: number };
  readonly number: number;

  constructor(result: { failure: F; retryAfter?: number }, number: number) {
    super('failed attempt');
    this.result = result;
    this.number = number;
  }
}
