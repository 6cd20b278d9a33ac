import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Backoff } from './backoff.ts';
import { type Deadline, deadlineIn, noDeadline } from './deadline.ts';
import { createRetryBudget } from './retry-budget.ts';
import { type Attempt, retryWithFullJitter, type RetryOptions } from './retry-with-full-jitter.ts';

const backoff: Backoff = { base: 10, floor: 2, cap: 100 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const fails = async (): Promise<Attempt<string, string>> => ({ kind: 'again', failure: 'busy' });

/** Fails until attempt number `last`, which succeeds. */
const succeedsAt = (last: number) => async (number: number) =>
  number < last ? fails() : ({ kind: 'done', value: `attempt ${number}` } as const);

/** Runs a call to its end without waiting for the clock, and records when each attempt and each retry took place. */
async function run(
  attempt: (number: number) => Promise<Attempt<string, string>>,
  options: Partial<RetryOptions<string>>,
) {
  const startedAt = performance.now();
  const attempts: { number: number; at: number }[] = [];
  const retries: { attempt: number; delay: number; failure: string }[] = [];
  const ending = retryWithFullJitter<string, string>(
    (number) => {
      attempts.push({ number, at: performance.now() - startedAt });
      return attempt(number);
    },
    { backoff, deadline: noDeadline, onRetry: (event) => retries.push(event), ...options },
  );
  await vi.runAllTimersAsync();
  return { result: await ending, attempts, retries, took: performance.now() - startedAt };
}

test('a retry does not repeat an attempt that succeeds', async () => {
  const { result, attempts, retries } = await run(succeedsAt(1), {});
  expect(result).toEqual({ kind: 'done', value: 'attempt 1' });
  expect([attempts.length, retries.length]).toEqual([1, 0]);
});

test('a retry repeats a failed attempt until one succeeds, and reports each repeat', async () => {
  const { result, retries } = await run(succeedsAt(3), {});
  expect(result).toEqual({ kind: 'done', value: 'attempt 3' });
  expect(retries).toEqual([
    { attempt: 1, delay: expect.any(Number), failure: 'busy' },
    { attempt: 2, delay: expect.any(Number), failure: 'busy' },
  ]);
});

test.each([new Error('defect'), new TypeError('fetch failed')])(
  'a retry does not repeat an attempt that throws %s, and rethrows its error',
  async (defect) => {
    const attempt = vi.fn<() => Promise<never>>(() => Promise.reject(defect));
    await expect(retryWithFullJitter(attempt, { backoff, deadline: noDeadline })).rejects.toBe(defect);
    expect(attempt).toHaveBeenCalledTimes(1);
  },
);

test('a retry makes at most the maximum of attempts, and each wait lies between the floor and the bound of its number', () =>
  fc.assert(
    fc.asyncProperty(
      fc.record({ base: fc.nat(50), floor: fc.nat(20), cap: fc.integer({ min: 20, max: 200 }) }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 12 }),
      async (bounds, maxAttempts, needed) => {
        const { result, attempts, retries } = await run(succeedsAt(needed), { backoff: bounds, maxAttempts });

        expect(attempts).toHaveLength(Math.min(needed, maxAttempts));
        expect(result).toEqual(
          needed <= maxAttempts
            ? { kind: 'done', value: `attempt ${needed}` }
            : { kind: 'gave_up', because: 'attempts', failure: 'busy', attempt: maxAttempts },
        );
        for (const { attempt, delay } of retries) {
          expect(delay).toBeGreaterThanOrEqual(bounds.floor);
          const bound = Math.min(bounds.cap, bounds.base * 2 ** (attempt - 1));
          expect(delay).toBeLessThanOrEqual(Math.max(bounds.floor, bound));
        }
      },
    ),
  ));

test('a retry waits between attempts for as long as it reports', async () => {
  const { attempts, retries } = await run(fails, { maxAttempts: 6 });
  for (const [index, { delay }] of retries.entries()) {
    const apart = (attempts[index + 1]?.at ?? 0) - (attempts[index]?.at ?? 0);
    // Timers count whole milliseconds.
    expect(Math.abs(apart - delay)).toBeLessThanOrEqual(1);
  }
});

test('a retry starts no attempt after the deadline, and gives up without waiting for it', () =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 500 }), fc.nat(40), async (timeLimit, duration) => {
      const slowly = async () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        setTimeout(resolve, duration);
        await promise;
        return fails();
      };
      const { result, attempts, retries, took } = await run(slowly, { deadline: deadlineIn(timeLimit) });

      expect(result).toMatchObject({ kind: 'gave_up', because: 'deadline', attempt: attempts.length });
      for (const { at } of attempts.slice(1)) expect(at).toBeLessThanOrEqual(timeLimit);
      const waits = retries.reduce((sum, { delay }) => sum + delay, 0);
      expect(took).toBeLessThanOrEqual(waits + (duration + 1) * attempts.length);
    }),
  ));

test('a retry waits as long as the other side asks for, and gives up if that is beyond the deadline', async () => {
  const busyFor = (retryAfter: number) => async (): Promise<Attempt<string, string>> => ({
    kind: 'again',
    failure: 'busy',
    retryAfter,
  });
  const patient = await run(busyFor(1000), { maxAttempts: 2 });
  expect(patient.retries).toEqual([{ attempt: 1, delay: 1000, failure: 'busy' }]);
  expect(patient.took).toBeGreaterThanOrEqual(1000);

  const hurried = await run(busyFor(1000), { deadline: deadlineIn(900) });
  expect(hurried.result).toEqual({ kind: 'gave_up', because: 'deadline', failure: 'busy', attempt: 1 });
  expect(hurried.took).toBe(0);
});

test('retries of all calls together stay within their shared budget', () =>
  fc.assert(
    fc.asyncProperty(
      fc.nat(6),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(20),
      async (reserve, share, calls) => {
        const budget = createRetryBudget({ reserve, share });
        let retried = 0;
        for (let call = 0; call < calls; call += 1) {
          const { result, retries } = await run(fails, { budget, maxAttempts: 3 });
          retried += retries.length;
          const because = retries.length < 2 ? 'budget' : 'attempts';
          expect(result).toMatchObject({ kind: 'gave_up', because, attempt: retries.length + 1 });
        }
        // Tenths do not add up exactly in binary.
        expect(retried).toBeLessThanOrEqual(reserve + share * calls + 1e-9);
      },
    ),
  ));

test('a retry that the deadline rules out costs the budget nothing', async () => {
  const budget = createRetryBudget({ reserve: 1, share: 0 });
  const passed: Deadline = { remaining: () => 0 };
  expect((await run(fails, { budget, deadline: passed })).result).toMatchObject({ because: 'deadline' });
  expect(budget.withdraw()).toBe(true);
});

test('a retry whose wait is exactly as long as the time left is not made', async () => {
  const fixed = { base: 10, floor: 10, cap: 10 };
  const { result, attempts } = await run(fails, { backoff: fixed, deadline: { remaining: () => 10 } });
  expect(result).toMatchObject({ kind: 'gave_up', because: 'deadline' });
  expect(attempts).toHaveLength(1);
});

test('a retry needs no listener', async () => {
  const ending = retryWithFullJitter(succeedsAt(2), { backoff, deadline: noDeadline });
  await vi.runAllTimersAsync();
  expect(await ending).toEqual({ kind: 'done', value: 'attempt 2' });
});
