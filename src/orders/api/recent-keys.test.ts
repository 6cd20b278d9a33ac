import { expect, test } from 'vitest';
import { createRecentKeys } from './recent-keys.ts';

test('remembers as many as it may, and forgets the oldest first', () => {
  const keys = createRecentKeys(2);
  for (const key of ['a', 'b', 'c']) keys.add('shop', key);
  expect(['a', 'b', 'c'].map((key) => keys.has('shop', key))).toEqual([false, true, true]);
});

test('a key is that of its client alone', () => {
  const keys = createRecentKeys(2);
  keys.add('shop', 'a');
  expect(keys.has('kiosk', 'a')).toBe(false);
});
