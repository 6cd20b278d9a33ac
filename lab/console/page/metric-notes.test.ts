import { expect, test } from 'vitest';
import { notesOf, shortage } from './metric-notes.ts';

const shown = { series: [], skipped: 0, drawn: 0, times: [], range: { from: 0, to: 1 } };

test.each([
  [1, 'The console keeps 500 series of this metric: 1 point of others was left out.'],
  [3500, 'The console keeps 500 series of this metric: 3,500 points of others were left out.'],
  [0, ''],
])('a metric whose bound on series refused points says so: %i', (refused, said) => {
  expect(notesOf({ series: 500, refused }, shown)).toBe(said);
});

test.each([
  [1, 'The memory for metrics is full: 1 series was left out.'],
  [1200, 'The memory for metrics is full: 1,200 series were left out.'],
  [0, ''],
])('the list of metrics says how many series the memory had no room for: %i', (series, said) => {
  expect(shortage({ series, points: 0 })).toBe(said);
});
