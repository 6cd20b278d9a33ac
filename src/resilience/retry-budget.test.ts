import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRetryBudget } from './retry-budget.ts';

/** Upper bound of the binary rounding error over the sequences below. */
const rounding = 1e-9;

const policy = fc.record({
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  reserve: fc.nat(20),
});
const calls = fc.array(fc.constantFrom<'request' | 'retry'>('request', 'retry'), { maxLength: 300 });

describe('the retry budget', () => {
  test('the retry budget grants at most the reserve plus the share of the requests, in any order of events', () => {
    fc.assert(
      fc.property(policy, calls, ({ share, reserve }, sequence) => {
        const budget = createRetryBudget({ share, reserve });
        let requests = 0;
        let granted = 0;
        for (const call of sequence) {
          if (call === 'request') {
            budget.deposit();
            requests += 1;
          } else if (budget.withdraw()) granted += 1;
          expect(granted).toBeLessThanOrEqual(reserve + share * requests + rounding);
        }
      }),
    );
  });

  test('the retry budget saves up no more than the reserve, however long no retry is needed', () => {
    fc.assert(
      fc.property(policy, fc.nat(2000), ({ share, reserve }, requests) => {
        const budget = createRetryBudget({ share, reserve });
        for (let request = 0; request < requests; request += 1) budget.deposit();
        let granted = 0;
        while (budget.withdraw()) granted += 1;
        expect(granted).toBeLessThanOrEqual(Math.max(reserve, 1));
      }),
    );
  });

  test('the retry budget grants the whole reserve, and then one retry per 1 / share requests', () => {
    const budget = createRetryBudget({ share: 0.25, reserve: 3 });
    expect(Array.from({ length: 4 }, () => budget.withdraw())).toEqual([true, true, true, false]);

    const grantedAfterEach = Array.from({ length: 8 }, () => {
      budget.deposit();
      return budget.withdraw();
    });
    expect(grantedAfterEach).toEqual([false, false, false, true, false, false, false, true]);
  });

  test('the retry budget without a reserve still grants the retries that requests earn', () => {
    const budget = createRetryBudget({ share: 0.5, reserve: 0 });
    expect(budget.withdraw()).toBe(false);
    budget.deposit();
    budget.deposit();
    expect([budget.withdraw(), budget.withdraw()]).toEqual([true, false]);
  });

  test('the retry budget with a share of 0 never refills', () => {
    const budget = createRetryBudget({ share: 0, reserve: 1 });
    expect(budget.withdraw()).toBe(true);
    for (let request = 0; request < 1000; request += 1) budget.deposit();
    expect(budget.withdraw()).toBe(false);
  });
});
