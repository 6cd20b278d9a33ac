import { expect, test } from 'vitest';
import { heatOf } from './heat-cells.ts';

test('the buckets of all series are added up by time, and the infinite one is the last row', () => {
  const times = [1000, 6000, 11_000];
  const heat = heatOf([
    {
      times,
      buckets: [
        [],
        [[0.1, 3]],
        [
          [0.1, 1],
          [null, 2],
        ],
      ],
    },
    {
      times,
      buckets: [
        [],
        [
          [0.1, 4],
          [0.5, 1],
        ],
        [],
      ],
    },
  ]);
  expect(heat.bounds).toEqual([0.1, 0.5, Infinity]);
  expect(heat.most).toBe(7);
  expect(heat.cells).toEqual([
    { from: 1000, to: 6000, row: 0, count: 7 },
    { from: 6000, to: 11_000, row: 0, count: 1 },
    { from: 6000, to: 11_000, row: 2, count: 2 },
    { from: 1000, to: 6000, row: 1, count: 1 },
  ]);
});
