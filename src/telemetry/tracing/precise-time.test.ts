import { afterEach, expect, test, vi } from 'vitest';
import { followWallClock, preciseTime } from './precise-time.ts';

afterEach(() => {
  vi.restoreAllMocks();
  followWallClock();
});

const nanoseconds = () => {
  const [seconds, rest] = preciseTime();
  return BigInt(seconds) * 1_000_000_000n + BigInt(rest);
};
const milliseconds = () => Number(nanoseconds() / 1_000_000n);

test('preciseTime is the time of day, never goes back, and has fractions of a millisecond', () => {
  followWallClock();
  const times = Array.from({ length: 10_000 }, nanoseconds);
  expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : Number(a > b))));
  expect(times.some((time) => time % 1_000_000n !== 0n)).toBe(true);
  expect(Math.abs(milliseconds() - Date.now())).toBeLessThan(50);
});

test('preciseTime follows a changed wall clock only after followWallClock', () => {
  const now = Date.now();
  vi.spyOn(Date, 'now').mockReturnValue(now + 3_600_000);
  expect(milliseconds() - now).toBeLessThan(60_000);
  followWallClock();
  expect(milliseconds() - now).toBeGreaterThanOrEqual(3_600_000);
});
