import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LoadWindow } from './adaptive-limit.ts';
import { type Dependency, type LoadSampler, sampleLoad } from './load-sampler.ts';

let sampler: LoadSampler | undefined;
afterEach(() => sampler?.stop());

/** Samples a limiter, by default one with ten requests in flight at any time, none of which finishes. */
function sample(
  load: { inFlight?: () => number; completed?: () => number; peak?: () => number } = {},
  { dependencies = [], loopDelay = 20 }: { dependencies?: Dependency[]; loopDelay?: number } = {},
) {
  const { inFlight = () => 10, completed = () => 0, peak = () => 12 } = load;
  const windows: LoadWindow[] = [];
  const started = sampleLoad({
    limiter: { state: () => ({ inFlight: inFlight() }), completed, takePeak: peak },
    dependencies,
    loopDelay,
    onWindow: (window) => windows.push(window),
  });
  started.start();
  sampler = started;
  return { sampler: started, windows };
}

describe('the load sampler in simulated time', () => {
  /** In milliseconds: the time, and how much of it the event loop was busy. */
  let now = 0;
  let active = 0;

  beforeEach(() => {
    now = 0;
    active = 0;
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    vi.spyOn(performance, 'eventLoopUtilization').mockImplementation((newer, older) => {
      const elapsed = newer && older ? newer.idle + newer.active - older.idle - older.active : now;
      const busy = newer && older ? newer.active - older.active : active;
      return { idle: elapsed - busy, active: busy, utilization: busy / elapsed };
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  /** Lets the sampler's timer fire `count` times, in each case after `every` ms, for a share of which the event loop is busy. */
  function pass(count: number, { every = 10, busy = 0 } = {}): void {
    for (let tick = 0; tick < count; tick += 1) {
      now += every;
      active += busy * every;
      vi.advanceTimersByTime(10);
    }
  }

  test('a window lasts a tenth of a second, and has the load of that time', () => {
    let inFlight = 0;
    const { windows } = sample({ inFlight: () => (inFlight += 1) });
    pass(9);
    expect(windows).toEqual([]);
    pass(1);
    expect(windows).toEqual([
      {
        inFlight: 5.5,
        peak: 12,
        waiting: 0,
        delay: 0,
        timeInFlight: 550,
        loopBusy: false,
        loopLate: false,
      },
    ]);
    pass(10);
    expect(windows[1]).toMatchObject({ inFlight: 15.5 });
  });

  test('a window is not begun anew by a request that arrives in it', () => {
    const { sampler: started, windows } = sample();
    for (let tick = 0; tick < 10; tick += 1) {
      pass(1);
      started.start();
    }
    expect(windows).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(1);
  });

  /** A dependency that completes `rate` calls per millisecond. */
  const dependencyWith = (waiting: () => number, rate = () => 0.5): Dependency => {
    let completed = 0;
    let counted = 0;
    return {
      waiting,
      completed() {
        completed += rate() * (now - counted);
        counted = now;
        return completed;
      },
    };
  };

  test('the number of waiting callers is converted to the wait of each, of which the longest counts', () => {
    const { windows } = sample({}, { dependencies: [dependencyWith(() => 3), dependencyWith(() => 10)] });
    pass(10);
    // Ten callers wait, and one is served every 2 ms.
    expect(windows).toMatchObject([{ waiting: 13, delay: 20 }]);
  });

  test('a wait without end is taken for one in which a caller is served per window', () => {
    const { windows } = sample(
      {},
      {
        dependencies: [
          dependencyWith(
            () => 3,
            () => 0,
          ),
        ],
      },
    );
    pass(10);
    expect(windows).toMatchObject([{ delay: 300 }]);
  });

  test('a change of the rate counts by a fifth per window, because rates vary', () => {
    let rate = 1;
    const { windows } = sample(
      {},
      {
        dependencies: [
          dependencyWith(
            () => 8,
            () => rate,
          ),
        ],
      },
    );
    pass(10);
    rate = 0;
    pass(20);
    expect(windows.map(({ delay }) => delay.toFixed(1))).toEqual(['8.0', '10.0', '12.5']);
  });

  test('a queue that empties within the window is a burst, and no wait', () => {
    let samples = 0;
    const { windows } = sample(
      {},
      { dependencies: [dependencyWith(() => ((samples += 1) % 7 === 0 ? 0 : 50))] },
    );
    pass(20);
    expect(windows).toMatchObject([
      { waiting: 0, delay: 0 },
      { waiting: 0, delay: 0 },
    ]);
  });

  test('the time in flight follows from the requests and how many finish, and outlasts a window without any', () => {
    let peak = 12;
    const inFlight = () => (peak > 0 ? 10 : 0);
    // One request finishes every 4 ms.
    const { sampler: started, windows } = sample({ inFlight, completed: () => now / 4, peak: () => peak });
    expect(started.timeInFlight()).toBeNaN();
    pass(10);
    expect(started.timeInFlight()).toBe(40);
    peak = 0;
    pass(10);
    expect(started.timeInFlight()).toBe(40);
    expect(windows).toHaveLength(2);
  });

  test('sampling stops after a window without requests, and starts again with the next one', () => {
    let peak = 0;
    let finished = 0;
    const { sampler: started, windows } = sample({ completed: () => finished, peak: () => peak });
    pass(10);
    expect([windows.length, vi.getTimerCount()]).toEqual([1, 0]);
    // What happens until then belongs to no window.
    now += 5000;
    active += 5000;
    finished = 1000;
    peak = 1;
    started.start();
    pass(10);
    expect(windows).toHaveLength(2);
    expect(started.timeInFlight()).toBe(1000);
  });

  /** Whether each of three windows, of at least 100 ms, reports a late event loop. */
  function lateAfter(every: number, busy: number): { windows: boolean[]; now: boolean } {
    const { sampler: started, windows } = sample();
    pass(3 * Math.ceil(100 / every), { every, busy });
    return { windows: windows.map(({ loopLate }) => loopLate), now: started.loopLate() };
  }

  test('the event loop is late once it lagged for more than allowed in three windows in a row', () => {
    expect(lateAfter(31, 1)).toEqual({ windows: [false, false, true], now: true });
  });

  test.each([
    ['it lags for as long as allowed', 30, 1],
    ['it is busy and does not lag', 10, 1],
    // The process was suspended, or had no processor.
    ['it lags and idles', 60, 0.5],
  ])('the event loop is not late when %s', (_what, every, busy) => {
    expect(lateAfter(every, busy)).toEqual({ windows: [false, false, false], now: false });
  });

  test('the event loop is busy once it was in three windows in a row, also without a lag', () => {
    const { windows } = sample();
    pass(30, { busy: 0.95 });
    pass(10, { busy: 0.8 });
    expect(windows.map(({ loopBusy }) => loopBusy)).toEqual([false, false, true, false]);
  });

  test('the event loop is not late after one long pause', () => {
    const { sampler: started, windows } = sample();
    pass(1, { every: 5000, busy: 1 });
    expect([windows.length, started.loopLate()]).toEqual([1, false]);
  });

  test('the event loop is in time again after one window in time', () => {
    const { sampler: started } = sample();
    pass(20, { every: 60, busy: 1 });
    expect(started.loopLate()).toBe(true);
    pass(10);
    expect(started.loopLate()).toBe(false);
  });
});
