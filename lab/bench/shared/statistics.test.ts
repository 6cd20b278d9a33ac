import { expect, test } from 'vitest';
import { spreadOf } from './statistics.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test('the interval of a median has the ends that tables of the binomial distribution give', () => {
  // Ranks for a confidence of 95 %, as in tables of the sign test.
  const ranks = [6, 9, 10, 24, 64].map((count) => spreadOf(upTo(count)).interval);
  expect(ranks).toEqual([
    { low: 1, high: 6 },
    { low: 2, high: 8 },
    { low: 2, high: 9 },
    { low: 7, high: 18 },
    { low: 24, high: 41 },
  ]);
});

test('the interval of the median of a few rounds is as wide as they are', () => {
  expect(spreadOf([3]).interval).toEqual({ low: 3, high: 3 });
  expect(spreadOf([5, 1, 4]).interval).toEqual({ low: 1, high: 5 });
});
