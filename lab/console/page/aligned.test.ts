import { expect, test } from 'vitest';
import { aligned, lonePlaces, valueAt } from './aligned.ts';

test('series of processes that send at different times have lines without gaps, and each its newest value', () => {
  const { times, columns } = aligned([
    { times: [0, 10, 20], values: [1, 2, 3] },
    { times: [5, 15], values: [7, 8] },
  ]);
  expect(times).toEqual([0, 5, 10, 15, 20]);
  expect(columns).toEqual([
    [1, undefined, 2, undefined, 3],
    [undefined, 7, undefined, 8, undefined],
  ]);
  expect(columns.map((values) => valueAt(values, 4))).toEqual([3, 8]);
  expect(columns.map(lonePlaces)).toEqual([[], []]);
});

test('a series that was silent for long has a gap, and a point that no line reaches is known', () => {
  const { times, columns } = aligned([
    { times: [0, 10, 20, 30, 90, 150], values: [1, 1, 1, 1, 5, 6] },
    { times: [50, 100], values: [7, 8] },
  ]);
  expect(times).toEqual([0, 10, 20, 30, 31, 50, 90, 91, 100, 150]);
  const none = undefined;
  expect(columns).toEqual([
    [1, 1, 1, 1, null, null, 5, null, null, 6],
    [none, none, none, none, none, 7, none, none, 8, none],
  ]);
  expect(columns.map(lonePlaces)).toEqual([[6, 9], []]);
  expect(aligned([{ times: [7], values: [3] }])).toEqual({ times: [7], columns: [[3]] });
});
