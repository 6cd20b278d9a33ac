import type { Sample, Window } from './samples.ts';

/** The end and the length of a window, in milliseconds. */
export interface Span {
  to: number;
  length: number;
}

/** @returns undefined if the window has too few samples */
type OverWindow = (window: Window, span: Span, argument: number) => number | undefined;

/**
 * The increase over a window, continued to its ends where the samples reach nearly that far.
 *
 * @see https://prometheus.io/docs/prometheus/latest/querying/functions/#rate
 */
function increase({ times, values }: Window, { to, length }: Span): number | undefined {
  const [first, last] = [values[0], values.at(-1)];
  const [start, end] = [times[0], times.at(-1)];
  if (
    values.length < 2 ||
    first === undefined ||
    last === undefined ||
    start === undefined ||
    end === undefined
  )
    return undefined;
  let grown = last - first;
  for (const [index, value] of values.entries()) {
    const before = values[index - 1];
    // A smaller counter was restarted from 0.
    if (before !== undefined && value < before) grown += before;
  }
  const sampled = end - start;
  const between = sampled / (values.length - 1);
  const farthest = between * 1.1;
  const reach = (gap: number) => (gap >= farthest ? between / 2 : gap);
  let before = reach(start - (to - length));
  // No counter was below 0.
  if (grown > 0 && first >= 0) before = Math.min(before, sampled * (first / grown));
  return grown * ((sampled + before + reach(to - end)) / sampled);
}

/** The value in so many seconds, by simple linear regression. */
function predictLinear({ times, values }: Window, { to }: Span, seconds: number): number | undefined {
  const [first = 0] = values;
  if (values.length < 2) return undefined;
  if (values.every((value) => value === first)) return Number.isFinite(first) ? first : Number.NaN;
  const xs = times.map((time) => (time - to) / 1000);
  const meanX = mean(xs);
  const meanY = mean(values);
  const slope =
    sum(xs.map((x, index) => (x - meanX) * ((values[index] ?? 0) - meanY))) /
    sum(xs.map((x) => (x - meanX) ** 2));
  return meanY + slope * (seconds - meanX);
}

function changes({ values }: Window): number {
  const isSame = (a: number, b: number) => a === b || (Number.isNaN(a) && Number.isNaN(b));
  return values.filter((value, index) => index > 0 && !isSame(value, values[index - 1] ?? 0)).length;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;

/** Functions of a window. */
export const overWindow: Readonly<Record<string, OverWindow>> = {
  increase,
  rate(window, span) {
    const grown = increase(window, span);
    return grown === undefined ? undefined : grown / (span.length / 1000);
  },
  changes,
  predict_linear: predictLinear,
  sum_over_time: ({ values }) => sum(values),
  avg_over_time: ({ values }) => mean(values),
  min_over_time: ({ values }) => Math.min(...numbersIn(values)),
  max_over_time: ({ values }) => Math.max(...numbersIn(values)),
  count_over_time: ({ values }) => values.length,
  last_over_time: ({ values }) => values.at(-1),
};

/** Functions of each value. */
export const ofValue: Readonly<Record<string, (value: number, argument?: number) => number>> = {
  clamp_min: (value, least = Number.NaN) => (Number.isNaN(value) ? value : Math.max(value, least)),
  clamp_max: (value, most = Number.NaN) => (Number.isNaN(value) ? value : Math.min(value, most)),
  abs: Math.abs,
  // Dividing by the inverse is what Prometheus does, and rounds differently.
  round: (value, to = 1) => Math.floor(value * (1 / to) + 0.5) / (1 / to),
};

/** Functions with rules of their own, in evaluate.ts. */
const special = ['absent', 'time', 'vector'];

export const functionNames: readonly string[] = [
  ...Object.keys(overWindow),
  ...Object.keys(ofValue),
  ...special,
].toSorted();

export const aggregate: Readonly<Record<string, (samples: readonly Sample[]) => number>> = {
  sum: (samples) => sum(samples.map(({ value }) => value)),
  avg: (samples) => mean(samples.map(({ value }) => value)),
  min: (samples) => Math.min(...numbersIn(samples.map(({ value }) => value))),
  max: (samples) => Math.max(...numbersIn(samples.map(({ value }) => value))),
  count: (samples) => samples.length,
};

/** Without NaN, unless there is nothing else. */
function numbersIn(values: readonly number[]): readonly number[] {
  const numbers = values.filter((value) => !Number.isNaN(value));
  return numbers.length === 0 ? values : numbers;
}
