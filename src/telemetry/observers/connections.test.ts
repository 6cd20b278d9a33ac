import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { atMost } from './connections.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('of many lines in a second the first are written, and then how many more there were', () => {
  const written: string[] = [];
  const write = atMost(2, 1000, (more) => written.push(`${more} more`));
  for (let line = 1; line <= 5; line += 1) write(() => written.push(`line ${line}`));
  expect(written).toEqual(['line 1', 'line 2']);
  vi.advanceTimersByTime(1000);
  expect(written).toEqual(['line 1', 'line 2', '3 more']);
});

test('the next second begins anew', () => {
  const written: string[] = [];
  const write = atMost(1, 1000, (more) => written.push(`${more} more`));
  for (const line of ['a', 'b']) write(() => written.push(line));
  vi.advanceTimersByTime(1000);
  write(() => written.push('c'));
  vi.advanceTimersByTime(1000);
  expect(written).toEqual(['a', '1 more', 'c']);
});
