import {
  type arithmetic,
  type Binary,
  type comparisons,
  type Labels,
  UnsupportedQuery,
} from './expression.ts';
import { keyOf, type Sample } from './samples.ts';

type Result = number | Sample[];

const compute: Readonly<Record<(typeof arithmetic)[number], (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': (a, b) => a ** b,
};

const compare: Readonly<Record<(typeof comparisons)[number], (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
};

/**
 * Both sides of a binary operator.
 *
 * @throws {UnsupportedQuery} if series do not match one to one, where they have to
 * @see https://prometheus.io/docs/prometheus/latest/querying/operators/
 */
export function combine(binary: Binary, left: Result, right: Result): Result {
  const { operator } = binary;
  if (operator === 'and' || operator === 'or' || operator === 'unless') {
    if (typeof left === 'number' || typeof right === 'number')
      throw new UnsupportedQuery(`a number beside ${operator}`);
    return ofSets(binary, left, right);
  }
  const isComparison = operator in compare;
  const keepsName = isComparison && !binary.isBool;
  /** undefined if a comparison leaves it out. */
  const apply = (a: number, b: number, kept = a): number | undefined => {
    if (operator in compute) return compute[operator as keyof typeof compute](a, b);
    const holds = compare[operator as keyof typeof compare](a, b);
    if (binary.isBool) return holds ? 1 : 0;
    return holds ? kept : undefined;
  };
  if (typeof left === 'number' && typeof right === 'number') {
    if (isComparison && !binary.isBool)
      throw new UnsupportedQuery('a comparison of two numbers without bool');
    return apply(left, right) ?? Number.NaN;
  }
  if (typeof left === 'number' || typeof right === 'number') {
    const series = typeof left === 'number' ? (right as Sample[]) : left;
    return series.flatMap(({ labels, value }) => {
      const result =
        typeof left === 'number' ? apply(left, value, value) : apply(value, right as number, value);
      return result === undefined
        ? []
        : [{ labels: keepsName ? labels : without(labels, ['__name__']), value: result }];
    });
  }
  return ofPairs(binary, left, right, apply, keepsName);
}

function ofSets({ operator, matching }: Binary, left: readonly Sample[], right: readonly Sample[]): Sample[] {
  const key = ({ labels }: Sample) => keyOf(matched(labels, matching));
  const [keysLeft, keysRight] = [new Set(left.map(key)), new Set(right.map(key))];
  if (operator === 'and') return left.filter((each) => keysRight.has(key(each)));
  if (operator === 'unless') return left.filter((each) => !keysRight.has(key(each)));
  return [...left, ...right.filter((each) => !keysLeft.has(key(each)))];
}

function ofPairs(
  { matching, many, include }: Binary,
  left: readonly Sample[],
  right: readonly Sample[],
  apply: (a: number, b: number) => number | undefined,
  keepsName: boolean,
): Sample[] {
  const [several, single] = many === 'right' ? [right, left] : [left, right];
  const byKey = new Map<string, Sample>();
  for (const each of single) {
    const key = keyOf(matched(each.labels, matching));
    if (byKey.has(key)) throw new UnsupportedQuery('several series that match one');
    byKey.set(key, each);
  }
  const seen = new Set<string>();
  return several.flatMap((each) => {
    const key = keyOf(matched(each.labels, matching));
    const other = byKey.get(key);
    if (!other) return [];
    if (many === undefined && seen.has(key)) throw new UnsupportedQuery('several series that match one');
    seen.add(key);
    const value = many === 'right' ? apply(other.value, each.value) : apply(each.value, other.value);
    if (value === undefined) return [];
    const own = keepsName ? each.labels : without(each.labels, ['__name__']);
    if (many === undefined) {
      const labels = matching.isOn ? only(own, matching.labels) : without(own, matching.labels);
      return [{ labels, value }];
    }
    // A label that the single side does not have is removed.
    return [{ labels: { ...without(own, include), ...only(other.labels, include) }, value }];
  });
}

const matched = (labels: Labels, { isOn, labels: names }: Binary['matching']): Labels =>
  isOn ? only(labels, names) : without(labels, [...names, '__name__']);

const only = (labels: Labels, names: readonly string[]): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => names.includes(name)));

const without = (labels: Labels, names: readonly string[]): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
