import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRetryBudget } from './retry-budget.ts';

/** Adding up tenths in binary is off by this much at the very most, over the sequences below. */
const rounding = 1e-9;

const policy = fc.record({
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  reserve: fc.nat(20),
});
const calls = fc.array(fc.constantFrom<'request' | 'retry'>('request', 'retry'), { maxLength: 300 });

describe('the retry budget', () => {
  test('grants at most the reserve and the share of the requests, whatever happens in which order', () => {
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

  test('saves up no more than the reserve: after a quiet year a burst gets what it would have got at the start', () => {
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

  test('gives the whole reserve to a quiet service, and then one retry for every 1 / share requests', () => {
    const budget = createRetryBudget({ share: 0.25, reserve: 3 });
    expect(Array.from({ length: 4 }, () => budget.withdraw())).toEqual([true, true, true, false]);

    const grantedAfterEach = Array.from({ length: 8 }, () => {
      budget.deposit();
      return budget.withdraw();
    });
    expect(grantedAfterEach).toEqual([false, false, false, true, false, false, false, true]);
  });

  test('without a reserve still grants what the requests earn', () => {
    const budget = createRetryBudget({ share: 0.5, reserve: 0 });
    expect(budget.withdraw()).toBe(false);
    budget.deposit();
    budget.deposit();
    expect([budget.withdraw(), budget.withdraw()]).toEqual([true, false]);
  });

  test('with a share of 0 never refills', () => {
    const budget = createRetryBudget({ share: 0, reserve: 1 });
    expect(budget.withdraw()).toBe(true);
    for (let request = 0; request < 1000; request += 1) budget.deposit();
    expect(budget.withdraw()).toBe(false);
  });
});
