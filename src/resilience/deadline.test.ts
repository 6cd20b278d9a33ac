import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deadlineIn, noDeadline, orAtDeadline } from './deadline.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const after = <T>(ms: number, value: T) => new Promise<T>((resolve) => setTimeout(resolve, ms, value));

test('a deadline counts down to 0 and below, and no deadline never does', () => {
  const deadline = deadlineIn(100);
  vi.advanceTimersByTime(30);
  expect(deadline.remaining()).toBe(70);
  vi.advanceTimersByTime(80);
  expect(deadline.remaining()).toBe(-10);
  expect(noDeadline.remaining()).toBe(Infinity);
});

test('work that ends in time gives its result, and leaves no timer behind', async () => {
  const result = orAtDeadline(deadlineIn(100), after(50, 'done'), () => 'late');
  await vi.advanceTimersByTimeAsync(50);
  expect(await result).toBe('done');
  expect(vi.getTimerCount()).toBe(0);
});

test('work that takes longer than its deadline gives the other result, at the deadline', async () => {
  const result = orAtDeadline(deadlineIn(100), after(500, 'done'), () => 'late');
  await vi.advanceTimersByTimeAsync(101);
  expect(await result).toBe('late');
});

test('work without a deadline gives its result however long it takes', async () => {
  const result = orAtDeadline(noDeadline, after(1_000_000, 'done'), () => 'late');
  await vi.advanceTimersByTimeAsync(1_000_000);
  expect(await result).toBe('done');
});

test('work that fails in time fails', async () => {
  const fault = new Error('failed');
  await expect(orAtDeadline(deadlineIn(100), Promise.reject(fault), () => 'late')).rejects.toBe(fault);
});
