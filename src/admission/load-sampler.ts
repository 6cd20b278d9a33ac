import { performance } from 'node:perf_hooks';
import { outsideRequests } from '../async-context.ts';
import type { LoadWindow } from './adaptive-limit.ts';

/** A dependency behind a bounded number of connections. */
export interface Dependency {
  /** Callers that wait for a connection now. */
  waiting(): number;
  /** Number of calls that have ended so far. */
  completed(): number;
}

export interface LoadSampler {
  /** Starts sampling; it stops by itself after a window without requests. Idempotent. */
  start(): void;
  /** Whether the event loop was busy for nearly all of the last window. */
  busy(): boolean;
  loopLate(): boolean;
  /** Recent mean time from admission to response, in milliseconds; NaN before the first window with requests. */
  timeInFlight(): number;
  stop(): void;
}

/** Milliseconds between two samples, and length of the window that they make up. */
const tick = 10;
const windowLength = 100;
/** Consecutive windows in which the event loop must be busy for this share of the time, or also lag. One pause is not load. */
const windowsInARow = 3;
const busy = 0.9;
/** Weight of the newest window in a rate. */
const weight = 0.2;

/**
 * Samples the number of requests that wait for a connection, and the lag of the event loop. It uses a timer, so it
 * measures nothing per request. By Little's law (L = λW) the queue length over the service rate is each caller's wait. The
 * minimum length in the window counts: a queue that empties within it was a burst, which is what queues are for.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8289#section-3.2 (a standing queue by the minimum over an interval)
 * @param options.loopDelay acceptable lag of the event loop, in milliseconds
 */
export function sampleLoad(options: {
  limiter: { state(): { inFlight: number }; completed(): number; takePeak(): number };
  dependencies: readonly Dependency[];
  loopDelay: number;
  onWindow: (window: LoadWindow) => void;
}): LoadSampler {
  const { limiter, dependencies, loopDelay, onWindow } = options;
  const queues = dependencies.map(createQueue);
  // Little's law applies to the requests too: their number over their rate is the time that each is in flight.
  const requests = createQueue({ waiting: () => limiter.state().inFlight, completed: limiter.completed });
  let timer: NodeJS.Timeout | undefined;
  let samples = 0;
  let lag = 0;
  let lastTick = 0;
  let windowStart = 0;
  let utilization = performance.eventLoopUtilization();
  let busyInARow = 0;
  let lateInARow = 0;
  let timeInFlight = Number.NaN;

  function sample(): void {
    const now = performance.now();
    lag += Math.max(0, now - lastTick - tick);
    lastTick = now;
    samples += 1;
    for (const queue of [requests, ...queues]) queue.sample();
    if (now - windowStart >= windowLength) closeWindow(now);
  }

  function closeWindow(now: number): void {
    const elapsed = now - windowStart;
    const before = utilization;
    utilization = performance.eventLoopUtilization();
    const isBusy = performance.eventLoopUtilization(utilization, before).utilization > busy;
    busyInARow = isBusy ? busyInARow + 1 : 0;
    lateInARow = isBusy && lag / samples > loopDelay ? lateInARow + 1 : 0;
    const { mean: inFlight, rate } = requests.close(elapsed, samples);
    const standing = queues.map((queue) => queue.close(elapsed, samples));
    const peak = limiter.takePeak();
    if (peak > 0) timeInFlight = inFlight / rate;
    onWindow({
      inFlight,
      peak,
      waiting: standing.reduce((sum, { least }) => sum + least, 0),
      delay: Math.max(0, ...standing.map((queue) => queue.least / queue.rate)),
      timeInFlight: Number.isNaN(timeInFlight) ? 0 : timeInFlight,
      loopBusy: busyInARow >= windowsInARow,
      loopLate: lateInARow >= windowsInARow,
    });
    begin(now);
    if (peak === 0) stop();
  }

  function begin(now: number): void {
    windowStart = now;
    samples = 0;
    lag = 0;
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
    busyInARow = 0;
    lateInARow = 0;
  }

  return {
    start() {
      if (timer) return;
      lastTick = performance.now();
      begin(lastTick);
      utilization = performance.eventLoopUtilization();
      for (const queue of [requests, ...queues]) queue.restart();
      timer = outsideRequests(() => setInterval(sample, tick).unref());
    },
    busy: () => busyInARow > 0,
    loopLate: () => lateInARow >= windowsInARow,
    timeInFlight: () => timeInFlight,
    stop,
  };
}

/** The length of a queue, and the rate at which its members leave, per millisecond. */
function createQueue({ waiting, completed }: Dependency) {
  let completedBefore = 0;
  let sum = 0;
  let least = Infinity;
  let rate: number | undefined;

  function restart(): void {
    completedBefore = completed();
    sum = 0;
    least = Infinity;
  }

  return {
    restart,
    sample() {
      const now = waiting();
      sum += now;
      least = Math.min(least, now);
    },
    close(elapsed: number, samples: number): { mean: number; least: number; rate: number } {
      const newest = (completed() - completedBefore) / elapsed;
      rate = rate === undefined ? newest : rate + weight * (newest - rate);
      // If none has left, one may leave at the next moment, so a rate below one per window cannot be measured.
      const seen = { mean: sum / samples, least, rate: Math.max(rate, 1 / elapsed) };
      restart();
      return seen;
    },
  };
}
