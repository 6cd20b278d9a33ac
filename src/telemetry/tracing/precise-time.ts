import type { HrTime } from '@opentelemetry/api';

/** Milliseconds by which the two clocks may be apart before the wall clock is believed: it was set, or has drifted. */
const tolerance = 5;

let offset = performance.timeOrigin;

/**
 * The time of day in microseconds. `Date.now()` knows milliseconds, in which most spans here begin and end at once;
 * the monotonic clock knows fractions, but not the hour.
 */
export function preciseTime(): HrTime {
  const milliseconds = offset + performance.now();
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.floor((milliseconds - seconds * 1000) * 1e6)];
}

/** To be called now and then, but not within a trace: its spans are to go by one clock. */
export function followWallClock(): void {
  const monotonic = performance.now();
  const wall = Date.now();
  if (Math.abs(offset + monotonic - wall) > tolerance) offset = wall - monotonic;
}
