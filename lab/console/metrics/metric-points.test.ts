import { expect, test } from 'vitest';
import { bucketsOf, difference } from './metric-points.ts';

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
