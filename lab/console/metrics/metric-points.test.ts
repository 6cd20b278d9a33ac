import { expect, test } from 'vitest';
import { bucketsOf, difference, exponentialIndex } from './metric-points.ts';

test('a cumulative histogram whose bounds change has no observations of that interval', () => {
  const before = { layout: { bounds: [1] }, counts: new Map([[0, 100]]) };
  const now = {
    layout: { bounds: [1, 2] },
    counts: new Map([
      [0, 55],
      [1, 55],
    ]),
  };
  expect(bucketsOf(difference(before, now))).toEqual([]);
  const later = { ...now, counts: new Map(now.counts).set(1, 60) };
  expect(bucketsOf(difference(now, later))).toEqual([{ lower: 1, upper: 2, count: 5 }]);
});

test('a bound that two scales share is one number', () => {
  const upperBounds = (scale: number, indexes: readonly number[]) =>
    bucketsOf({
      layout: { scale, zeroThreshold: 0 },
      counts: new Map(indexes.map((index) => [exponentialIndex(1, index), 1])),
    }).map(({ upper }) => upper);
  const indexes = Array.from({ length: 40 }, (_, index) => index - 20);
  for (const scale of [-2, 0, 3, 7, 18])
    expect(
      upperBounds(
        scale + 1,
        indexes.map((index) => 2 * index + 1),
      ),
    ).toEqual(upperBounds(scale, indexes));
});
