import type { Exemplar } from '../api-types.ts';
import { createSecondBySecond, type SecondBySecond, shownTime } from '../second-by-second.ts';
import { domainLevels, domainRates } from './domain-readings.ts';
import { bucketsBetween, quantile } from './quantile.ts';
import type { Reading } from './readings.ts';

/** The values that the overview plots, computed every second from the service's metrics. */
export interface Series extends Pick<SecondBySecond, 'since'> {
  /** @param time milliseconds since 1970 */
  take(reading: Reading, time: number): void;
  /** Records that a scrape failed. */
  miss(time: number): void;
  /** Exemplars of readings after that time. */
  exemplarsSince(after: number): Exemplar[];
  latest(): Reading | undefined;
}

/** Seconds over which quantiles are computed: one second has too few requests for a p99. */
const quantileWindow = 5;
const mostExemplars = 3000;
/** Slowest exemplars taken from one reading: a plot full of dots would hide its lines. */
const exemplarsPerReading = 2;
/** The states of a circuit breaker, encoded in the column as their index. */
const breakerStates = ['closed', 'half_open', 'open'];

export function createSeries(): Series {
  const seconds = createSecondBySecond();
  let readings: Array<{ reading: Reading; time: number }> = [];
  let exemplars: Array<{ exemplar: Exemplar; readAt: number }> = [];
  let known = new Set<string>();

  function noteExemplars(reading: Reading, time: number): void {
    const isRecent = (each: Exemplar) => each.time > time - shownTime;
    const fresh = worthShowing(
      reading.exemplars.filter((each) => isRecent(each) && !known.has(each.traceId)),
    );
    const recent = exemplars.filter(({ exemplar, readAt }) => isRecent(exemplar) && readAt < time);
    exemplars = [...recent, ...fresh.map((exemplar) => ({ exemplar, readAt: time }))].slice(-mostExemplars);
    known = new Set(reading.exemplars.map(({ traceId }) => traceId));
  }

  return {
    take(reading, time) {
      // A clock that was put back would make negative rates.
      if (time <= (readings.at(-1)?.time ?? 0)) readings = [];
      const before = readings.at(-1);
      const windowStart = readings[0];
      noteExemplars(reading, time);
      readings = [...readings, { reading, time }].slice(-quantileWindow);
      if (before === undefined || windowStart === undefined) return;
      seconds.add(time, {
        ...ratesBetween(before, { reading, time }),
        ...quantilesOf(bucketsBetween(windowStart.reading.duration, reading.duration)),
        ...gaugesOf(reading),
        ...passedStates(before.reading, reading),
      });
    },
    miss(time) {
      // The counters' increase meanwhile belongs to no single second.
      readings = [];
      seconds.add(time, {});
    },
    since: seconds.since,
    exemplarsSince: (after) =>
      exemplars.filter(({ readAt }) => readAt > after).map(({ exemplar }) => exemplar),
    latest: () => readings.at(-1)?.reading,
  };
}

/** The slowest exemplars, and those of failed requests. */
function worthShowing(exemplars: readonly Exemplar[]): Exemplar[] {
  const slowest = exemplars.toSorted((a, b) => b.seconds - a.seconds);
  return slowest.filter(({ httpStatus }, index) => index < exemplarsPerReading || httpStatus.startsWith('5'));
}

interface Timed {
  reading: Reading;
  time: number;
}

function ratesBetween(before: Timed, now: Timed): Record<string, number> {
  const seconds = (now.time - before.time) / 1000;
  const rate = (total: (reading: Reading) => number) => {
    const [earlier, later] = [total(before.reading), total(now.reading)];
    // A smaller counter means that the process was restarted.
    return (later < earlier ? later : later - earlier) / seconds;
  };
  return {
    ok: rate(({ requests }) => requests.ok),
    client: rate(({ requests }) => requests.client),
    shed: rate(({ requests }) => requests.shed),
    failed: rate(({ requests }) => requests.failed),
    retries: rate(({ retries }) => retries),
    rejected: rate(({ rejected }) => rejected),
    ...domainRates(rate),
    cpu: rate(({ cpu }) => cpu ?? 0),
  };
}

/**
 * Transitions to half-open and to open since the last reading. A state that lasts less than a second is between two
 * readings, and is known by its transition only.
 */
function passedStates(before: Reading, { transitions }: Reading): Record<string, number> {
  const passed = Object.entries(transitions).flatMap(([name, total]): Array<[string, number]> => {
    const earlier = before.transitions[name] ?? 0;
    return name.endsWith(':closed') ? [] : [[`entered:${name}`, total < earlier ? total : total - earlier]];
  });
  return Object.fromEntries(passed);
}

function quantilesOf(buckets: ReturnType<typeof bucketsBetween>): Record<string, number | null> {
  return { p50: quantile(buckets, 0.5), p95: quantile(buckets, 0.95), p99: quantile(buckets, 0.99) };
}

function gaugesOf({ breakers, ...reading }: Reading): Record<string, number | null> {
  const { inFlight, limit, queued, memory } = reading;
  const states = Object.entries(breakers).map(([name, state]) => [
    `breaker:${name}`,
    breakerStates.indexOf(state),
  ]);
  return { inFlight, limit, queued, memory, ...domainLevels(reading), ...Object.fromEntries(states) };
}
