import { expect, test } from 'vitest';
import { createRecentKeys } from './recent-keys.ts';

test('recent keys are forgotten oldest first when there are more than the limit', () => {
  const keys = createRecentKeys(4);
  const names = ['a', 'b', 'c', 'd', 'e'];
  for (const key of names) keys.add('shop', key);
  expect(names.map((key) => keys.has('shop', key))).toEqual([false, false, true, true, true]);
});

test('the last half of the limit is always remembered, and never more than the limit', () => {
  const limit = 10;
  const keys = createRecentKeys(limit);
  for (let count = 1; count <= 100; count += 1) {
    keys.add('shop', `key-${count}`);
    const known = Array.from({ length: count }, (_, index) => keys.has('shop', `key-${index + 1}`));
    expect(known.slice(-limit / 2)).not.toContain(false);
    expect(known.filter(Boolean).length).toBeLessThanOrEqual(limit);
  }
});

test('a recent key belongs to one client', () => {
  const keys = createRecentKeys(2);
  keys.add('shop', 'a');
  expect(keys.has('kiosk', 'a')).toBe(false);
});

test('a recent key that several clients use is of each of them', () => {
  const keys = createRecentKeys(4);
  for (const client of ['shop', 'kiosk', 'shop', 'pos']) keys.add(client, 'a');
  expect(['shop', 'kiosk', 'pos', 'other'].map((client) => keys.has(client, 'a'))).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(keys.hasOfAnyone('a')).toBe(true);
});
