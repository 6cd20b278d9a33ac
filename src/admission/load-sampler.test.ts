import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { LoadWindow } from './adaptive-limit.ts';
import { type Dependency, type LoadSampler, sampleLoad } from './load-sampler.ts';

let sampler: LoadSampler | undefined;
afterEach(() => sampler?.stop());

/** Watches requests of which ten are always at work, one of them done per millisecond. */
function watchBusy({
  dependencies = [],
  loopDelay = 1000,
}: {
  dependencies?: Dependency[];
  loopDelay?: number;
}) {
  const windows: LoadWindow[] = [];
  sampler = sampleLoad({
    limiter: { state: () => ({ inFlight: 10 }), completed: () => performance.now(), takePeak: () => 12 },
    dependencies,
    loopDelay,
    onWindow: (window) => windows.push(window),
  });
  sampler.start();
  return {
    sampler,
    windows,
    nextWindows: (count: number) =>
      expect.poll(() => windows.length, patiently).toBeGreaterThanOrEqual(windows.length + count),
  };
}
const patiently = { timeout: 10_000, interval: 5 };

/** Half a connection's worth of calls per millisecond, while so many wait as `waiting` says. */
const dependencyWith = (waiting: () => number): Dependency => ({
  waiting,
  completed: () => performance.now() / 2,
});

test('turns the number of those that wait into the time that each of them waits', async () => {
  const { windows, nextWindows } = watchBusy({
    dependencies: [dependencyWith(() => 3), dependencyWith(() => 10)],
  });
  await nextWindows(2);
  for (const { inFlight, peak, waiting, delay: wait } of windows) {
    expect([inFlight, peak, waiting]).toEqual([10, 12, 13]);
    // Ten wait where one is served every 2 ms; a busy machine may see a little more or less.
    expect(wait).toBeGreaterThan(10);
    expect(wait).toBeLessThan(30);
  }
});

test('tells how long a request is at work', async () => {
  const { sampler: watched, nextWindows } = watchBusy({});
  await nextWindows(1);
  expect(watched.timeAtWork()).toBeGreaterThan(5);
  expect(watched.timeAtWork()).toBeLessThan(15);
});

test('takes no notice of a queue that empties now and then: it was a burst', async () => {
  let samples = 0;
  const { windows, nextWindows } = watchBusy({
    dependencies: [dependencyWith(() => ((samples += 1) % 3 === 0 ? 0 : 50))],
  });
  await nextWindows(2);
  expect(windows.map(({ delay: wait }) => wait)).toEqual(windows.map(() => 0));
});

/** Keeps the event loop busy in pieces of so many milliseconds. */
async function burn(piece: number, until: () => boolean): Promise<void> {
  while (!until()) {
    const end = performance.now() + piece;
    while (performance.now() < end);
    await nextTurn();
  }
}

test('calls the event loop late once it has been for a while, and no longer as soon as it is not', async () => {
  const { sampler: watched } = watchBusy({ loopDelay: 20 });
  const giveUpAt = performance.now() + 10_000;
  await burn(60, () => watched.loopLate() || performance.now() > giveUpAt);
  expect(watched.loopLate()).toBe(true);
  await expect.poll(() => watched.loopLate(), patiently).toBe(false);
});

test('does not take one long pause for load', async () => {
  const { sampler: watched, windows, nextWindows } = watchBusy({ loopDelay: 20 });
  let paused = false;
  await burn(300, () => {
    const done = paused;
    paused = true;
    return done;
  });
  await nextWindows(1);
  expect(windows.some(({ loopLate }) => loopLate) || watched.loopLate()).toBe(false);
});

test('stops by itself when nobody is at work, and begins again when somebody is', async () => {
  const windows: LoadWindow[] = [];
  let peak = 0;
  sampler = sampleLoad({
    limiter: { state: () => ({ inFlight: 0 }), completed: () => 0, takePeak: () => peak },
    dependencies: [],
    loopDelay: 1000,
    onWindow: (window) => windows.push(window),
  });
  sampler.start();
  await expect.poll(() => windows.length, patiently).toBe(1);
  await delay(250);
  expect(windows).toHaveLength(1);
  peak = 1;
  sampler.start();
  await expect.poll(() => windows.length, patiently).toBe(3);
});
