import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { LoadWindow } from './adaptive-limit.ts';
import { type Dependency, type LoadSampler, sampleLoad } from './load-sampler.ts';

let sampler: LoadSampler | undefined;
afterEach(() => sampler?.stop());

/** Samples a limiter with ten requests in flight at any time, one of which finishes per millisecond. */
function sampleBusy({
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

/** A dependency that completes one call per two milliseconds. */
const dependencyWith = (waiting: () => number): Dependency => ({
  waiting,
  completed: () => performance.now() / 2,
});

test('the load sampler converts the number of waiting callers to the wait of each', async () => {
  const { windows, nextWindows } = sampleBusy({
    dependencies: [dependencyWith(() => 3), dependencyWith(() => 10)],
  });
  await nextWindows(2);
  for (const { inFlight, peak, waiting, delay: wait } of windows) {
    expect([inFlight, peak, waiting]).toEqual([10, 12, 13]);
    // Ten callers wait, and one is served every 2 ms; on a busy machine the measured wait varies.
    expect(wait).toBeGreaterThan(10);
    expect(wait).toBeLessThan(30);
  }
});

test('the load sampler measures how long a request is in flight', async () => {
  const { sampler: started, nextWindows } = sampleBusy({});
  await nextWindows(1);
  expect(started.timeInFlight()).toBeGreaterThan(5);
  expect(started.timeInFlight()).toBeLessThan(15);
});

test('the load sampler ignores a queue that empties within the window', async () => {
  let samples = 0;
  const { windows, nextWindows } = sampleBusy({
    dependencies: [dependencyWith(() => ((samples += 1) % 3 === 0 ? 0 : 50))],
  });
  await nextWindows(2);
  expect(windows.map(({ delay: wait }) => wait)).toEqual(windows.map(() => 0));
});

/** Keeps the event loop busy in pieces of `piece` milliseconds. */
async function burn(piece: number, until: () => boolean): Promise<void> {
  while (!until()) {
    const end = performance.now() + piece;
    while (performance.now() < end);
    await nextTurn();
  }
}

test('the load sampler reports a late event loop after several late windows, until the first window in time', async () => {
  const { sampler: started } = sampleBusy({ loopDelay: 20 });
  const giveUpAt = performance.now() + 10_000;
  await burn(60, () => started.loopLate() || performance.now() > giveUpAt);
  expect(started.loopLate()).toBe(true);
  await expect.poll(() => started.loopLate(), patiently).toBe(false);
});

test('the load sampler does not report one long pause as a late event loop', async () => {
  const { sampler: started, windows, nextWindows } = sampleBusy({ loopDelay: 20 });
  let paused = false;
  await burn(300, () => {
    const done = paused;
    paused = true;
    return done;
  });
  await nextWindows(1);
  expect(windows.some(({ loopLate }) => loopLate) || started.loopLate()).toBe(false);
});

test('the load sampler stops without requests in flight and starts again with the next one', async () => {
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
