import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAdaptiveLimit, type LimitPolicy, type LoadWindow } from './adaptive-limit.ts';

const policy: LimitPolicy = { floor: 10, ceiling: 200, initial: 40, target: 30, busyLatency: 60 };
const quiet: LoadWindow = {
  inFlight: 0,
  peak: 0,
  waiting: 0,
  delay: 0,
  timeInFlight: 0,
  loopBusy: false,
  loopLate: false,
};

function limitAfter(windows: readonly LoadWindow[], overrides: Partial<LimitPolicy> = {}): number {
  const limit = createAdaptiveLimit({ ...policy, ...overrides });
  for (const window of windows) limit.update(window);
  return limit.current();
}

const times = (count: number, window: Partial<LoadWindow>) =>
  Array.from({ length: count }, () => ({ ...quiet, ...window }));

/** Any possible window: more callers can wait than requests are in flight, because the worker waits too. */
const anyWindow = fc.record({
  inFlight: fc.double({ min: 0, max: 1000, noNaN: true }),
  peak: fc.nat(1000),
  waiting: fc.double({ min: 0, max: 1000, noNaN: true }),
  delay: fc.double({ min: 0, max: 1e9, noNaN: true }),
  timeInFlight: fc.double({ min: 0, max: 1e9, noNaN: true }),
  loopBusy: fc.boolean(),
  loopLate: fc.boolean(),
});

test('the limit is a whole number from the floor to the ceiling under any load', () => {
  const bounds = fc
    .record({ floor: fc.integer({ min: 1, max: 50 }), range: fc.nat(500), initial: fc.nat(1000) })
    .map(({ floor, range, initial }) => ({ floor, ceiling: floor + range, initial }));
  fc.assert(
    fc.property(bounds, fc.array(anyWindow, { maxLength: 200 }), (own, windows) => {
      const limit = createAdaptiveLimit({ ...policy, ...own });
      for (const window of windows) {
        limit.update(window);
        expect(limit.current()).toBeGreaterThanOrEqual(own.floor);
        expect(limit.current()).toBeLessThanOrEqual(own.ceiling);
        expect(Number.isInteger(limit.current())).toBe(true);
      }
    }),
  );
});

describe('the limit', () => {
  test('the limit stays constant while it is far above the load', () => {
    expect(limitAfter(times(1000, { inFlight: 10, peak: 19 }))).toBe(40);
  });

  test('the limit grows to the ceiling while it is in use and no caller waits, however long the answers take', () => {
    const limit = createAdaptiveLimit(policy);
    for (let window = 0; window < 30; window += 1) {
      limit.update({ ...quiet, inFlight: limit.current(), peak: limit.current() });
    }
    expect(limit.current()).toBe(200);
  });

  test('the limit grows more slowly near the target delay, and not at all when it is reached', () => {
    const grownBy = (delay: number) =>
      limitAfter(times(5, { inFlight: 40, peak: 40, waiting: 5, delay })) - 40;
    expect(grownBy(0)).toBeGreaterThan(grownBy(15));
    expect(grownBy(15)).toBeGreaterThan(grownBy(25));
    expect(grownBy(30)).toBe(0);
  });

  test('the limit shrinks in proportion to the delay above the target, and at most by half', () => {
    const after = (delay: number) => limitAfter(times(1, { inFlight: 40, peak: 40, waiting: 40, delay }));
    expect(after(60)).toBe(30);
    expect(after(120)).toBe(25);
    expect(after(1e9)).toBe(20);
  });

  test('the limit does not shrink again before the requests above it have finished', () => {
    expect(limitAfter(times(10, { inFlight: 40, peak: 40, waiting: 40, delay: 1e9 }))).toBe(20);
  });

  test('the limit does not fall below the requests that hold a connection while the gateway hangs', () => {
    const limit = createAdaptiveLimit({ ...policy, initial: 100 });
    for (let window = 0; window < 100; window += 1) {
      const inFlight = limit.current();
      const waiting = Math.max(0, inFlight - 64);
      // No call is answered, so the delay has its maximum.
      limit.update({ ...quiet, inFlight, peak: inFlight, waiting, delay: waiting * 100 });
    }
    expect(limit.current()).toBeGreaterThanOrEqual(64);
    expect(limit.current()).toBeLessThan(64 + 10);
  });

  test('the limit shrinks by a tenth per window while the event loop lags, down to the floor', () => {
    expect(limitAfter(times(1, { loopLate: true }))).toBe(36);
    expect(limitAfter(times(100, { loopLate: true }))).toBe(10);
  });
});

test('the limit ignores how long requests are in flight unless the event loop is busy', () => {
  const slow = { inFlight: 40, peak: 40, timeInFlight: 5000 };
  expect(limitAfter(times(1, slow))).toBeGreaterThan(40);
  expect(limitAfter(times(1, { ...slow, loopBusy: true }))).toBe(40);
});

test('the limit shrinks to the first one at most when the processor is short', () => {
  const grown = times(10, { inFlight: 40, peak: 200 });
  expect(limitAfter(grown)).toBeGreaterThan(100);
  const busy = { inFlight: 40, peak: 200, timeInFlight: 5000, loopBusy: true };
  expect(limitAfter([...grown, ...times(1, busy)])).toBeLessThan(100);
  expect(limitAfter([...grown, ...times(10, busy)])).toBe(40);
});

test('the limit settles where requests are in flight for the target time when the processor is short', () => {
  // The processor takes 1 ms for a request, whose dependencies take 5 ms, so 6 requests in flight use all of it.
  const limit = createAdaptiveLimit({ ...policy, initial: 20 });
  const seen: number[] = [];
  for (let window = 0; window < 100; window += 1) {
    const inFlight = limit.current();
    const timeInFlight = Math.max(6, inFlight);
    limit.update({ ...quiet, inFlight, peak: inFlight, timeInFlight, loopBusy: inFlight >= 6 });
    if (window >= 20) seen.push(timeInFlight);
  }
  expect(Math.max(...seen)).toBeLessThan(1.2 * policy.busyLatency);
  expect(Math.min(...seen)).toBeGreaterThan(0.8 * policy.busyLatency);
});

test('the limit keeps the processor in use when a dependency takes longer than the target for a busy event loop', () => {
  // The processor takes 1 ms for a request, whose dependency takes 100 ms: 91 requests in flight keep it 0.9 busy.
  const limit = createAdaptiveLimit({ ...policy, floor: 1 });
  const seen: number[] = [];
  for (let window = 0; window < 300; window += 1) {
    const inFlight = limit.current();
    const timeInFlight = Math.max(101, inFlight);
    limit.update({
      ...quiet,
      inFlight,
      peak: inFlight,
      timeInFlight,
      loopBusy: inFlight / timeInFlight > 0.9,
    });
    if (window >= 100) seen.push(inFlight / timeInFlight);
  }
  expect(Math.min(...seen)).toBeGreaterThan(0.6);
});

test('the limit settles where the delay is on target when connections are ten times too few', () => {
  const connections = 15;
  const answerTime = 60;
  const limit = createAdaptiveLimit(policy);
  const seen: number[] = [];
  for (let window = 0; window < 100; window += 1) {
    const inFlight = limit.current();
    const waiting = Math.max(0, inFlight - connections);
    const delay = waiting / (connections / answerTime);
    limit.update({ ...quiet, inFlight, peak: inFlight, waiting, delay });
    if (window >= 20) seen.push(delay);
  }
  expect(Math.max(...seen)).toBeLessThan(1.2 * policy.target);
  expect(Math.min(...seen)).toBeGreaterThan(0.8 * policy.target);
});

test('the limit stays when callers wait although no request is in flight: they are the worker’s', () => {
  expect(limitAfter(times(3, { waiting: 5, delay: 300 }))).toBe(policy.initial);
});

test('the limit grows from a load of half of it on', () => {
  expect(limitAfter(times(1, { inFlight: 20, peak: 20 }))).toBeGreaterThan(policy.initial);
  expect(limitAfter(times(1, { inFlight: 19, peak: 19 }))).toBe(policy.initial);
});
