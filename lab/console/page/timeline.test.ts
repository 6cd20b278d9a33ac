import { expect, test } from 'vitest';
import { createTimeline } from './timeline.ts';

test('a timeline ignores repeated seconds and fills a new column with nulls', () => {
  const timeline = createTimeline();
  timeline.add([1, 2], { ok: [5, 6] });
  timeline.add([2, 3], { ok: [6, 7], failed: [1, 2] });
  timeline.add([3], { ok: [7] });
  expect(timeline.times).toEqual([1, 2, 3]);
  expect(timeline.columns.get('ok')).toEqual([5, 6, 7]);
  expect(timeline.columns.get('failed')).toEqual([null, null, 2]);
});

test('a timeline keeps at most 15 minutes', () => {
  const timeline = createTimeline();
  for (let second = 1; second <= 1000; second += 1) timeline.add([second], { ok: [second] });
  expect(timeline.times).toHaveLength(900);
  expect(timeline.columns.get('ok')?.at(-1)).toBe(1000);
});

test('a timeline starts again when the clock was put back', () => {
  const timeline = createTimeline();
  timeline.add([8000, 9000], { ok: [5, 6] });
  timeline.follow(8900);
  expect(timeline.times).toEqual([8000, 9000]);
  timeline.follow(5000);
  timeline.add([4000, 5000], { ok: [7, 8] });
  expect(timeline.times).toEqual([4000, 5000]);
  expect(timeline.columns.get('ok')).toEqual([7, 8]);
});
