import { performance } from 'node:perf_hooks';
import type { LoadWindow } from './adaptive-limit.ts';

/** Something that the service depends on, behind a bounded number of connections. */
export interface Dependency {
  /** Callers that wait for a connection at this moment. */
  waiting(): number;
  /** Calls that have ended so far. */
  completed(): number;
}

export interface LoadSampler {
  /** Somebody is at work: watches, until nobody has been for a while. */
  start(): void;
  loopLate(): boolean;
  /** Milliseconds from taking a request to its answer, as of late. Not a number until one was seen. */
  timeAtWork(): number;
  stop(): void;
}

/** Milliseconds between two samples, and of a window over which they are gathered. */
const tick = 10;
const windowLength = 100;
/** Windows in a row that the event loop has to be late in, and busy for this share of the time. One pause is no load. */
const lateWindows = 3;
const busy = 0.9;
/** How much the newest window weighs in a rate. */
const weight = 0.2;

/**
 * Samples how many requests wait for a connection, and how late the event loop is, by a timer: nothing is measured per
 * request. By Little's law (L = λW) the number that waits over the rate of service is the time that each waits. Of the
 * number the least in the window counts: a queue that empties within it was a burst, and did what queues are for.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8289#section-3.2 (a standing queue by the minimum over an interval)
 * @param options.loopDelay milliseconds by which the event loop may be late
 */
export function sampleLoad(options: {
  limiter: { state(): { inFlight: number }; completed(): number; takePeak(): number };
  dependencies: readonly Dependency[];
  loopDelay: number;
  onWindow: (window: LoadWindow) => void;
}): LoadSampler {
  const { limiter, dependencies, loopDelay, onWindow } = options;
  const queues = dependencies.map(createQueue);
  // The requests themselves, seen in the same way: their number over their rate is the time that each takes.
  const requests = createQueue({ waiting: () => limiter.state().inFlight, completed: limiter.completed });
  let timer: NodeJS.Timeout | undefined;
  let samples = 0;
  let lag = 0;
  let lastTick = 0;
  let windowStart = 0;
  let utilization = performance.eventLoopUtilization();
  let lateInARow = 0;
  let timeAtWork = Number.NaN;

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
    lateInARow = isBusy && lag / samples > loopDelay ? lateInARow + 1 : 0;
    const { mean: inFlight, rate } = requests.close(elapsed, samples);
    const standing = queues.map((queue) => queue.close(elapsed, samples));
    const peak = limiter.takePeak();
    if (peak > 0) timeAtWork = inFlight / rate;
    onWindow({
      inFlight,
      peak,
      waiting: standing.reduce((sum, { least }) => sum + least, 0),
      delay: Math.max(0, ...standing.map((queue) => queue.least / queue.rate)),
      loopLate: lateInARow >= lateWindows,
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
    lateInARow = 0;
  }

  return {
    start() {
      if (timer) return;
      lastTick = performance.now();
      begin(lastTick);
      utilization = performance.eventLoopUtilization();
      for (const queue of [requests, ...queues]) queue.restart();
      timer = setInterval(sample, tick).unref();
    },
    loopLate: () => lateInARow >= lateWindows,
    timeAtWork: () => timeAtWork,
    stop,
  };
}

/** Whoever is between two points: how many there are, and at which rate they leave, per millisecond. */
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
      if (now < least) least = now;
    },
    close(elapsed: number, samples: number): { mean: number; least: number; rate: number } {
      const newest = (completed() - completedBefore) / elapsed;
      rate = rate === undefined ? newest : rate + weight * (newest - rate);
      // Where nobody has left, somebody may the very next moment: no rate is known to be lower than that.
      const seen = { mean: sum / samples, least, rate: Math.max(rate, 1 / elapsed) };
      restart();
      return seen;
    },
  };
}
