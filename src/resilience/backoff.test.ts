import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Backoff, fullJitter } from './backoff.ts';

const backoff: fc.Arbitrary<Backoff> = fc
  .tuple(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 1000 }), fc.nat(100_000))
  .map(([base, floor, above]) => ({ base, floor, cap: floor + above }));
const retry = fc.integer({ min: 1, max: 2000 });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('a backoff wait is never shorter than the floor or longer than the bound of its retry', () => {
  fc.assert(
    fc.property(backoff, retry, random, ({ base, floor, cap }, n, drawn) => {
      const wait = fullJitter(n, { base, floor, cap }, () => drawn);
      expect(wait).toBeGreaterThanOrEqual(floor);
      const bound = base === 0 ? 0 : Math.min(cap, base * 2 ** (n - 1));
      expect(wait).toBeLessThanOrEqual(Math.max(floor, bound));
      expect(wait).toBeLessThanOrEqual(cap);
    }),
  );
});

const almostOne = () => 1 - Number.EPSILON;

test('the bound of the backoff doubles with every retry up to the cap', () => {
  const waits = [1, 2, 3, 4, 5, 6].map((n) => fullJitter(n, { base: 10, floor: 0, cap: 100 }, almostOne));
  expect(waits.map(Math.round)).toEqual([10, 20, 40, 80, 100, 100]);
});

test('backoff waits spread over the whole range, so that callers that failed together do not come back together', () => {
  const waits = Array.from({ length: 20_000 }, () => fullJitter(4, { base: 100, floor: 0, cap: 1000 }));
  const perTenth = Array.from(
    { length: 10 },
    (_, tenth) => waits.filter((wait) => wait >= tenth * 80 && wait < (tenth + 1) * 80).length,
  );
  // 2000 each, with a standard deviation of 42: a difference of 300 is more than seven of them.
  expect(perTenth.filter((count) => Math.abs(count - 2000) > 300)).toEqual([]);
});
