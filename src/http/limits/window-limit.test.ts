import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createWindowLimit, secondsUntilEnd } from './window-limit.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('a window counts from its first request to its end, then a new one starts', () => {
  const limit = createWindowLimit({ max: 2, window: 1000 });
  expect(limit.add('shop')).toEqual({ count: 1, endsIn: 1000, over: false });
  vi.advanceTimersByTime(400);
  expect(limit.add('shop')).toEqual({ count: 2, endsIn: 600, over: false });
  expect(limit.peek('shop')).toEqual({ count: 2, endsIn: 600, over: false });
  vi.advanceTimersByTime(599);
  expect(limit.add('shop')).toEqual({ count: 3, endsIn: 1, over: true });
  vi.advanceTimersByTime(1);
  expect(limit.peek('shop')).toEqual({ count: 0, endsIn: 0, over: false });
  expect(limit.add('shop')).toEqual({ count: 1, endsIn: 1000, over: false });
});

test('each key has its own window', () => {
  const limit = createWindowLimit({ max: 1, window: 1000 });
  limit.add('shop');
  vi.advanceTimersByTime(300);
  expect(limit.add('pos')).toEqual({ count: 1, endsIn: 1000, over: false });
  expect(limit.add('shop')).toEqual({ count: 2, endsIn: 700, over: true });
});

test('a shared count replaces the local one, before the first request and after it', () => {
  const limit = createWindowLimit({ max: 50, window: 1000 });
  expect(limit.set('shop', { count: 40, endsIn: 250 })).toEqual({ count: 40, endsIn: 250, over: false });
  expect(limit.add('shop')).toEqual({ count: 41, endsIn: 250, over: false });
  expect(limit.set('shop', { count: 90, endsIn: 200 })).toEqual({ count: 90, endsIn: 200, over: true });
  expect(limit.peek('shop').over).toBe(true);
  vi.advanceTimersByTime(200);
  expect(limit.add('shop')).toEqual({ count: 1, endsIn: 1000, over: false });
});

test('a flood of keys evicts the windows that end first, and no others', () => {
  const limit = createWindowLimit({ max: 10, window: 1000, capacity: 3 });
  for (const key of ['a', 'b', 'c']) {
    limit.add(key);
    vi.advanceTimersByTime(10);
  }
  limit.add('a');
  limit.add('d');
  expect(['a', 'b', 'c', 'd'].map((key) => limit.peek(key).count)).toEqual([0, 1, 1, 1]);
});

test('ended windows are evicted before running ones', () => {
  const limit = createWindowLimit({ max: 10, window: 1000, capacity: 2 });
  limit.add('a');
  vi.advanceTimersByTime(900);
  limit.add('b');
  vi.advanceTimersByTime(200);
  limit.add('c');
  expect(['a', 'b', 'c'].map((key) => limit.peek(key).count)).toEqual([0, 1, 1]);
});

test('a limit of 0 never refuses', () => {
  const limit = createWindowLimit({ max: 0, window: 1000 });
  for (let request = 0; request < 100; request += 1) limit.add('shop');
  expect(limit.add('shop').over).toBe(false);
  expect(limit.peek('shop').over).toBe(false);
});

test('secondsUntilEnd rounds up to whole seconds and never returns 0', () => {
  expect([9001, 9000, 1, 0].map((endsIn) => secondsUntilEnd({ endsIn }))).toEqual([10, 9, 1, 1]);
});
