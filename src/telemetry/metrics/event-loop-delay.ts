import { monitorEventLoopDelay } from 'node:perf_hooks';
import { outsideRequests } from '../../async-context.ts';
import type { Instruments } from './instruments.ts';

type Delays = ReturnType<typeof monitorEventLoopDelay>;

/** By the name of the metric: what it says of the delays, and how it is read, in nanoseconds. */
const readings: Readonly<Record<string, [help: string, read: (delays: Delays) => number]>> = {
  nodejs_eventloop_lag_min_seconds: ['The shortest', ({ min }) => min],
  nodejs_eventloop_lag_mean_seconds: ['The mean', ({ mean }) => mean],
  nodejs_eventloop_lag_stddev_seconds: ['The standard deviation', ({ stddev }) => stddev],
  nodejs_eventloop_lag_p50_seconds: ['The median', (delays) => delays.percentile(50)],
  nodejs_eventloop_lag_p90_seconds: ['The 90th percentile', (delays) => delays.percentile(90)],
  nodejs_eventloop_lag_p99_seconds: ['The 99th percentile', (delays) => delays.percentile(99)],
};
const longest = 'nodejs_eventloop_lag_max_seconds';

/** The names of prom-client's metrics that {@link observeEventLoop} replaces. */
export const eventLoopDelays: readonly string[] = [...Object.keys(readings), longest];

/** For how many periods the longest delay is shown: so long that a scraper that comes once a minute sees it. */
const periodsOfLongest = 12;

/**
 * Delays of the event loop: the longest of the last twelve periods, and the others over the last one to two. Why not
 * prom-client's: every scrape clears them, so that a second scraper, or somebody who looks at `/metrics`, takes a block of the
 * event loop from the alert.
 *
 * @param period milliseconds
 */
export function observeEventLoop(instruments: Instruments, { period = 5000 } = {}): void {
  let [older, newer] = [startHistogram(), startHistogram()];
  /** The longest of each earlier period and the one before it, the newest last. */
  let maxima: number[] = [];
  const rotate = () => {
    maxima = [...maxima, older.max].slice(1 - periodsOfLongest);
    older.reset();
    [older, newer] = [newer, older];
  };
  outsideRequests(() => setInterval(rotate, period).unref());

  const delays = 'of the delays of the event loop in the last';
  for (const [name, [what, read]] of Object.entries(readings)) {
    instruments.gauge({
      name,
      help: `${what} ${delays} ${period / 1000} to ${(2 * period) / 1000} seconds.`,
      collect(gauge) {
        // Without a sample the histogram says that the shortest delay was 292 years.
        if (older.count > 0) gauge.child().set(read(older) / 1e9);
      },
    });
  }
  instruments.gauge({
    name: longest,
    help: `The longest ${delays} ${(periodsOfLongest * period) / 1000} seconds.`,
    collect: (gauge) => gauge.child().set(Math.max(older.max, ...maxima) / 1e9),
  });
}

/** In steps of 10 ms, as prom-client measures. */
function startHistogram(): Delays {
  const histogram = monitorEventLoopDelay({ resolution: 10 });
  histogram.enable();
  return histogram;
}
