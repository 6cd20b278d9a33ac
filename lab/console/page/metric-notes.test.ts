import { expect, test } from 'vitest';
import type { MetricKind, MetricSeries } from '../api-types.ts';
import { notesOf, shortage } from './metric-notes.ts';

const shown = { series: [], skipped: 0, drawn: 0, times: [], range: { from: 0, to: 1 } };

test.each([
  [1, 'The console keeps 500 series of this metric: 1 point of others was left out.'],
  [3500, 'The console keeps 500 series of this metric: 3,500 points of others were left out.'],
  [0, ''],
])('a metric whose bound on series refused points says so: %i', (refused, said) => {
  expect(notesOf({ kind: 'gauge', series: 500, refused }, shown)).toBe(said);
});

test('the heat map of a histogram with more series than one answer has says of how many it is', () => {
  const series = Array.from({ length: 50 }, () => ({}) as MetricSeries);
  const note = (kind: MetricKind) =>
    notesOf({ kind, series: 120, refused: 0 }, { ...shown, series, skipped: 70, drawn: 8 });
  expect(note('histogram')).toBe(
    'The plot has the 8 largest of 120 series, and the table and the heat map the 50 largest.',
  );
  expect(note('gauge')).toBe('The plot has the 8 largest of 120 series, and the table the 50 largest.');
});

test.each([
  [1, 'The memory for metrics is full: 1 series was left out.'],
  [1200, 'The memory for metrics is full: 1,200 series were left out.'],
  [0, ''],
])('the list of metrics says how many series the memory had no room for: %i', (series, said) => {
  expect(shortage({ series, points: 0 })).toBe(said);
});
