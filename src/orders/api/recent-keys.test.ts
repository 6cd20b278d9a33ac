import { expect, test } from 'vitest';
import { createRecentKeys } from './recent-keys.ts';

test('recent keys are forgotten oldest first when there are more than the limit', () => {
  const keys = createRecentKeys(2);
  for (const key of ['a', 'b', 'c']) keys.add('shop', key);
  expect(['a', 'b', 'c'].map((key) => keys.has('shop', key))).toEqual([false, true, true]);
});

test('a recent key belongs to one client', () => {
  const keys = createRecentKeys(2);
  keys.add('shop', 'a');
  expect(keys.has('kiosk', 'a')).toBe(false);
});
