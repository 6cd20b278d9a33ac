import pRetry from 'p-retry';
import { type Backoff, fullJitter } from './backoff.ts';
import type { Deadline } from './deadline.ts';
import type { RetryBudget } from './retry-budget.ts';

/** How one attempt ended. An attempt that a repeat cannot help is done, however badly it ended. */
export type Attempt<T, F> =
  | { kind: 'done'; value: T }
  /** `retryAfter` is the shortest wait that the other side accepts, in milliseconds; default 0. */
  | { kind: 'again'; failure: F; retryAfter?: number };

/** How a call ended, with all its attempts. */
export type Retried<T, F> =
  | { kind: 'done'; value: T }
  /** `failure` is that of the last attempt, and `attempt` its number. */
  | { kind: 'gave_up'; because: GivingUp; failure: F; attempt: number };

export type GivingUp = 'attempts' | 'deadline' | 'budget' | 'aborted';

export interface RetryOptions<F> {
  backoff: Backoff;
  /** A retry that would start after the deadline is not waited for. An attempt in flight is not cut short. */
  deadline: Deadline;
  /** The first attempt included. Default: no bound but the deadline. */
  maxAttempts?: number;
  /** Bounds the retries over all calls that share the budget. Default: no bound. */
  budget?: RetryBudget;
  /** Ends the wait for a retry. An attempt in flight ends by itself, and its value counts. */
  signal?: AbortSignal;
  /** Attempt number `attempt` failed, and the next one follows after `delay` ms. */
  onRetry?(event: { attempt: number; delay: number; failure: F }): void;
}

/**
 * Repeats an attempt until it is done or a bound is reached, with exponential backoff and full jitter between attempts.
 *
 * @param attempt receives its number: 1 for the first
 * @throws {unknown} what an attempt throws, at once: only `again` is repeated
 */
export async function retryWithFullJitter<T, F>(
  attempt: (number: number) => Promise<Attempt<T, F>>,
  options: RetryOptions<F>,
): Promise<Retried<T, F>> {
  const { maxAttempts = Number.POSITIVE_INFINITY, budget } = options;
  const isFailed = (error: unknown): error is FailedAttempt<F> => error instanceof FailedAttempt;
  let because: GivingUp = 'attempts';

  budget?.deposit();
  try {
    const value = await pRetry(
      async (number) => {
        const result = await attempt(number);
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

/** Waits until the next attempt is due, or returns what stands in its way. */
async function waitForRetry<F>(
  { result: { failure, retryAfter = 0 }, number }: FailedAttempt<F>,
  { backoff, deadline, budget, signal, onRetry }: RetryOptions<F>,
): Promise<GivingUp | undefined> {
  const wait = Math.max(retryAfter, fullJitter(number, backoff));
  if (wait >= deadline.remaining()) return 'deadline';
  if (signal?.aborted) return 'aborted';
  // Asked last: a retry that does not take place must not cost the other calls theirs.
  if (budget?.withdraw() === false) return 'budget';
  onRetry?.({ attempt: number, delay: wait, failure });
  await pause(wait, signal);
  return signal?.aborted ? 'aborted' : undefined;
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const end = () => resolve();
  signal?.addEventListener('abort', end);
  await promise;
  clearTimeout(timer);
  signal?.removeEventListener('abort', end);
}

/** Carries a failure through p-retry, which repeats only what is thrown. */
class FailedAttempt<F> extends Error {
  readonly result: { failure: F; retryAfter?: number };
  readonly number: number;

  constructor(result: { failure: F; retryAfter?: number }, number: number) {
    super('failed attempt');
    this.result = result;
    this.number = number;
  }
}
