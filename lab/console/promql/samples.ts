import type { Labels, Matcher, Selector } from './expression.ts';

/** One value of a series at the time of a query. */
export interface Sample {
  labels: Labels;
  value: number;
}

/** The values of a series in a window, oldest first. */
export interface Window {
  labels: Labels;
  times: readonly number[];
  values: readonly number[];
}

/** The samples that queries read. Times are milliseconds since 1970. */
export interface SampleStore {
  /** A sample that is not newer than the last one of its series is left out. @param value null if the series has ended */
  add(labels: Labels, time: number, value: number | null): void;
  /** The newest value of each series, unless the series has ended or has had none for five minutes. */
  at(selector: Selector, time: number): Sample[];
  /** @param from excluded, as in Prometheus 3 */
  within(selector: Selector, from: number, to: number): Window[];
  /** What `at` yields at each of these times, by series. */
  atSteps(selector: Selector, times: readonly number[]): Window[];
  /** The time of the oldest sample; undefined without samples. */
  oldest(): number | undefined;
  /** Samples of further series that the bound refused. */
  refused(): number;
  clear(): void;
}

interface Series {
  labels: Labels;
  times: number[];
  values: Array<number | null>;
}

/** @see https://prometheus.io/docs/prometheus/latest/querying/basics/#staleness */
export const lookback = 5 * 60_000;
const mostSeries = 2000;

/** @param retentionOf milliseconds that samples of a metric are needed */
export function createSampleStore(retentionOf: (metric: string) => number): SampleStore {
  const metrics = new Map<string, Map<string, Series>>();
  let count = 0;
  let oldest: number | undefined;
  let refused = 0;

  function seriesOf(labels: Labels): Series | undefined {
    const metric = labels['__name__'] ?? '';
    let known = metrics.get(metric);
    if (known === undefined) metrics.set(metric, (known = new Map()));
    const key = keyOf(labels);
    let series = known.get(key);
    if (series !== undefined) return series;
    if (count >= mostSeries) {
      refused += 1;
      return undefined;
    }
    count += 1;
    known.set(key, (series = { labels, times: [], values: [] }));
    return series;
  }

  function matching({ metric, matchers }: Selector): Series[] {
    const test = matcherOf(matchers);
    return [...(metrics.get(metric)?.values() ?? [])].filter(({ labels }) => test(labels));
  }

  return {
    add(labels, time, value) {
      const series = seriesOf(labels);
      if (series === undefined || time <= (series.times.at(-1) ?? -Infinity)) return;
      // The end of a series is written once.
      if (value === null && (series.values.at(-1) ?? null) === null) return;
      oldest = Math.min(oldest ?? time, time);
      series.times.push(time);
      series.values.push(value);
      trim(series, time - retentionOf(labels['__name__'] ?? ''));
    },
    at: (selector, time) =>
      matching(selector).flatMap((series) => {
        const value = valueAt(series, time);
        return value === null ? [] : [{ labels: series.labels, value }];
      }),
    atSteps: (selector, times) =>
      matching(selector).flatMap((series) => {
        const found = times
          .map((time) => ({ time, value: valueAt(series, time) }))
          .filter((each): each is { time: number; value: number } => each.value !== null);
        if (found.length === 0) return [];
        return [
          {
            labels: series.labels,
            times: found.map(({ time }) => time),
            values: found.map(({ value }) => value),
          },
        ];
      }),
    within: (selector, from, to) =>
      matching(selector).flatMap(({ labels, times, values }) => {
        const window: { times: number[]; values: number[] } = { times: [], values: [] };
        for (let index = firstAfter(times, from); index < times.length; index += 1) {
          const [time = 0, value] = [times[index], values[index]];
          if (time > to) break;
          if (value === null || value === undefined) continue;
          window.times.push(time);
          window.values.push(value);
        }
        return window.times.length === 0 ? [] : [{ labels, ...window }];
      }),
    oldest: () => oldest,
    refused: () => refused,
    clear() {
      metrics.clear();
      count = 0;
      oldest = undefined;
    },
  };
}

/** null if the series has ended, or has had no value for too long. */
function valueAt({ times, values }: Series, time: number): number | null {
  const index = firstAfter(times, time) - 1;
  return (times[index] ?? -Infinity) <= time - lookback ? null : (values[index] ?? null);
}

/** Cuts in larger pieces, because each cut moves the whole array. */
function trim(series: Series, before: number): void {
  const gone = firstAfter(series.times, before);
  if (gone < 64 || gone < series.times.length / 4) return;
  series.times.splice(0, gone);
  series.values.splice(0, gone);
}

/** Index of the first time after that one. */
function firstAfter(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A missing label counts as an empty one. */
export function matcherOf(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const tests = matchers.map(({ label, operator, value, pattern }) => {
    const isEqual = operator === '=' || operator === '=~';
    return (labels: Labels) => {
      const own = labels[label] ?? '';
      return (pattern ? pattern.test(own) : own === value) === isEqual;
    };
  });
  return (labels) => tests.every((test) => test(labels));
}
