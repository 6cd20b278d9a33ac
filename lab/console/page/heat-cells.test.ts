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

/** The points of an exponential histogram with one observation in each bucket between two powers of two. */
const exponential = (scale: number, from: number, to: number): Array<[number | null, number]> =>
  Array.from({ length: (to - from) * 2 ** scale }, (_, at) => [2 ** (from + (at + 1) / 2 ** scale), 1]);

test('the buckets of an exponential histogram are joined to at most 32 rows without moving an observation', () => {
  const heat = heatOf([
    { times: [1000, 2000], begins: [0, 1000], buckets: [exponential(5, -5, 5), exponential(4, -5, 5)] },
  ]);
  // Ten powers of two with two parts each; a third would be 40 rows.
  expect(heat.bounds).toEqual(Array.from({ length: 20 }, (_, at) => 2 ** (-5 + (at + 1) / 2)));
  expect(heat.cells.filter(({ to }) => to === 1000).map(({ count }) => count)).toEqual(Array(20).fill(16));
  expect(heat.cells.filter(({ to }) => to === 2000).map(({ count }) => count)).toEqual(Array(20).fill(8));
  expect(heat.most).toBe(16);
});

test('joined rows keep zero, negative and infinite bounds apart', () => {
  const buckets: Array<[number | null, number]> = [
    [-3, 1],
    [-2.5, 1],
    [0, 5],
    ...exponential(5, 0, 2),
    [null, 7],
  ];
  const heat = heatOf([{ times: [1000], begins: [0], buckets: [buckets] }]);
  expect(heat.bounds.length).toBeLessThanOrEqual(32);
  expect(heat.bounds.findLast((bound) => bound <= 0)).toBe(0);
  expect(heat.bounds[0]).toBeGreaterThanOrEqual(-3);
  expect(heat.bounds.at(-1)).toBe(Infinity);
  expect(heat.cells.find(({ row }) => heat.bounds[row] === 0)?.count).toBe(5);
  expect(heat.cells.reduce((sum, { count }) => sum + count, 0)).toBe(2 + 5 + 64 + 7);
});
