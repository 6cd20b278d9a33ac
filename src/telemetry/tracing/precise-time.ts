import type { HrTime } from '@opentelemetry/api';

/** Milliseconds. Beyond this difference the wall clock was set, or the monotonic one has drifted. */
const tolerance = 5;

/** Milliseconds to add to the monotonic clock, for all spans of the process. */
let offset = performance.timeOrigin;

/**
 * The time of day, to the microsecond. `Date.now()` has milliseconds, and most spans here are shorter than one; the
 * monotonic clock has fractions, but no time of day.
 */
export function preciseTime(): HrTime {
  const milliseconds = offset + performance.now();
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.floor((milliseconds - seconds * 1000) * 1e6)];
}

/** Corrects the time of day. Call it between traces: the spans of one trace must use one clock. */
export function followWallClock(): void {
  const monotonic = performance.now();
  const wall = Date.now();
  if (Math.abs(offset + monotonic - wall) > tolerance) offset = wall - monotonic;
}
