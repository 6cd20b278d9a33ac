import { combine } from './binary.ts';
import { type Expression, type Labels, UnsupportedQuery } from './expression.ts';
import { aggregate, ofValue, overWindow } from './functions.ts';
import { keyOf, type Sample, type SampleStore, type Window } from './samples.ts';

/** A number, or a value per series. */
export type Result = number | Sample[];

/** Milliseconds between two evaluations of a subquery without a step of its own. */
const usualStep = 60_000;

/**
 * The value of a query at a time, as Prometheus computes it.
 *
 * @throws {UnsupportedQuery} if its parts have types that do not go together
 */
export function evaluate(expression: Expression, samples: SampleStore, time: number): Result {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'selector':
      return samples.at(expression, time);
    case 'negation': {
      const value = evaluate(expression.of, samples, time);
      return typeof value === 'number'
        ? -value
        : value.map((each) => nameless({ ...each, value: -each.value }));
    }
    case 'aggregation': {
      const { operator, by, of } = expression;
      return groups(vectorOf(evaluate(of, samples, time)), by).map(([labels, members]) => ({
        labels,
        value: aggregate[operator]?.(members) ?? Number.NaN,
      }));
    }
    case 'binary': {
      const [left, right] = [expression.left, expression.right].map((each) => evaluate(each, samples, time));
      return combine(expression, left ?? [], right ?? []);
    }
    case 'offset':
      return evaluate(expression.of, samples, time - expression.by);
    case 'call':
      return call(expression, samples, time);
    case 'range':
    case 'subquery':
      throw new UnsupportedQuery('a window without a function');
    default:
      return expression satisfies never;
  }
}

function call(
  { name, args }: Extract<Expression, { kind: 'call' }>,
  samples: SampleStore,
  time: number,
): Result {
  if (name === 'time') return time / 1000;
  const [first, second] = args;
  if (!first) throw new UnsupportedQuery(`${name} without an argument`);
  const argument = second && evaluate(second, samples, time);
  if (Array.isArray(argument)) throw new UnsupportedQuery(`${name} with series as its second argument`);
  const over = overWindow[name];
  if (over) {
    const { windows, length, to } = windowsOf(first, samples, time);
    return windows.flatMap((window) => {
      const value = over(window, { to, length }, argument ?? Number.NaN);
      if (value === undefined) return [];
      const sample = { labels: window.labels, value };
      return [name === 'last_over_time' ? sample : nameless(sample)];
    });
  }
  const value = evaluate(first, samples, time);
  const map = ofValue[name];
  if (map) return vectorOf(value).map((each) => nameless({ ...each, value: map(each.value, argument) }));
  if (name === 'vector' && typeof value === 'number') return [{ labels: {}, value }];
  if (name === 'absent')
    return vectorOf(value).length > 0 ? [] : [{ labels: labelsOfAbsent(first), value: 1 }];
  throw new UnsupportedQuery(`the function ${name}`);
}

function windowsOf(
  expression: Expression,
  samples: SampleStore,
  time: number,
): { windows: Window[]; length: number; to: number } {
  if (expression.kind === 'offset') return windowsOf(expression.of, samples, time - expression.by);
  if (expression.kind === 'range') {
    const { of, window: length } = expression;
    return { windows: samples.within(of, time - length, time), length, to: time };
  }
  if (expression.kind === 'subquery') {
    const { window: length } = expression;
    return { windows: subquery(expression, samples, time), length, to: time };
  }
  throw new UnsupportedQuery('a function of a window, without a window');
}

/** Evaluates at the multiples of its step, so that a query a moment later reads the same points. */
function subquery(
  { of, window, step = usualStep }: Extract<Expression, { kind: 'subquery' }>,
  samples: SampleStore,
  time: number,
): Window[] {
  const begin = Math.max(time - window, (samples.oldest() ?? time) - step);
  const times: number[] = [];
  for (let at = (Math.floor(begin / step) + 1) * step; at <= time; at += step) times.push(at);
  if (of.kind === 'selector') return samples.atSteps(of, times);
  const windows = new Map<string, { labels: Labels; times: number[]; values: number[] }>();
  for (const each of times) {
    for (const { labels, value } of vectorOf(evaluate(of, samples, each))) {
      const key = keyOf(labels);
      let known = windows.get(key);
      if (known === undefined) windows.set(key, (known = { labels, times: [], values: [] }));
      known.times.push(each);
      known.values.push(value);
    }
  }
  return [...windows.values()];
}

function groups(
  samples: readonly Sample[],
  { isBy, labels }: { isBy: boolean; labels: readonly string[] },
): Array<[Labels, Sample[]]> {
  const found = new Map<string, [Labels, Sample[]]>();
  for (const sample of samples) {
    const kept = Object.entries(sample.labels).filter(
      ([name]) => labels.includes(name) === isBy && (isBy || name !== '__name__'),
    );
    const group = Object.fromEntries(kept);
    const key = keyOf(group);
    const known = found.get(key);
    if (known) known[1].push(sample);
    else found.set(key, [group, [sample]]);
  }
  return [...found.values()];
}

/** The labels that a selector requires. @see https://prometheus.io/docs/prometheus/latest/querying/functions/#absent */
function labelsOfAbsent(expression: Expression): Labels {
  if (expression.kind === 'offset') return labelsOfAbsent(expression.of);
  if (expression.kind !== 'selector') return {};
  const names = expression.matchers.map(({ label }) => label);
  const once = expression.matchers.filter(
    ({ label, operator }) => operator === '=' && names.filter((each) => each === label).length === 1,
  );
  return Object.fromEntries(once.map(({ label, value }) => [label, value]));
}

/** What is computed is no longer the metric. */
function nameless({ labels, value }: Sample): Sample {
  const { __name__: _name, ...rest } = labels;
  return { labels: rest, value };
}

function vectorOf(value: Result): Sample[] {
  if (typeof value === 'number') throw new UnsupportedQuery('a number in place of series');
  return value;
}
