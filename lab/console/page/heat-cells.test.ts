import { expect, test } from 'vitest';
import { heatOf } from './heat-cells.ts';

test('the buckets of all series are added up by time, and the infinite one is the last row', () => {
  const times = [1000, 6000, 11_000];
  const begins = [1000, 1000, 6000];
  const heat = heatOf([
    {
      times,
      begins,
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
      begins,
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

test('observations stand in the time that they are of, not in the silence before it', () => {
  const point: Array<[number | null, number]> = [[0.1, 3]];
  const { cells } = heatOf([{ times: [10_000, 250_000], begins: [5000, 245_000], buckets: [point, point] }]);
  expect(cells).toEqual([
    { from: 5000, to: 10_000, row: 0, count: 3 },
    { from: 245_000, to: 250_000, row: 0, count: 3 },
  ]);
});
