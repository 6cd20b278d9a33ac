import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { atMost } from './connections.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('atMost writes the first lines of a window and summarizes the others at its end', () => {
  const written: string[] = [];
  const write = atMost(2, 1000, (more) => written.push(`${more} more`));
  for (let line = 1; line <= 5; line += 1) write(() => written.push(`line ${line}`));
  expect(written).toEqual(['line 1', 'line 2']);
  vi.advanceTimersByTime(1000);
  expect(written).toEqual(['line 1', 'line 2', '3 more']);
});

test('atMost opens a new window with the first line after the last window', () => {
  const written: string[] = [];
  const write = atMost(1, 1000, (more) => written.push(`${more} more`));
  for (const line of ['a', 'b']) write(() => written.push(line));
  vi.advanceTimersByTime(1000);
  write(() => written.push('c'));
  vi.advanceTimersByTime(1000);
  expect(written).toEqual(['a', '1 more', 'c']);
});
