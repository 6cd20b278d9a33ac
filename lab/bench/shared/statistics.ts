/** A figure over all rounds. The extremes are part of it, because a median alone hides a noisy machine. */
export interface Spread {
  median: number;
  min: number;
  max: number;
  /**
   * Where the median of all possible rounds lies, with a confidence of 95 % if the rounds are independent. Those of one process
   * are less so. Of fewer than six rounds it is as wide as the extremes, which then promise less.
   */
  interval: { low: number; high: number };
}

interface Form {
  unit: string;
  digits: number;
}

/** Formats it as: median (minimum – maximum). */
export function show({ median, min, max }: Spread, form: Form): string {
  return `${median.toFixed(form.digits)}${form.unit} (${range(min, max, form)})`;
}

/** Formats it as: median (95 %: from – to). */
export function showMedian({ median, interval: { low, high } }: Spread, form: Form): string {
  return `${median.toFixed(form.digits)}${form.unit} (95 %: ${range(low, high, form)})`;
}

const range = (from: number, to: number, { digits }: Form): string =>
  `${from.toFixed(digits)} – ${to.toFixed(digits)}`;

export const ratioForm = { unit: '', digits: 2 };

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = at(sorted, Math.floor(sorted.length / 2));
  const lower = at(sorted, Math.ceil(sorted.length / 2) - 1);
  return {
    median: (lower + upper) / 2,
    min: at(sorted, 0),
    max: at(sorted, sorted.length - 1),
    interval: intervalOfMedian(sorted),
  };
}

/**
 * Its ends are values themselves, so that nothing is assumed about how they are distributed.
 *
 * @see Conover, "Practical Nonparametric Statistics", 3rd ed. 1999, section 3.2 (confidence interval for a quantile)
 */
function intervalOfMedian(sorted: readonly number[]): Spread['interval'] {
  const count = sorted.length;
  // Each value is below the median of all rounds with a probability of a half.
  let probability = 0.5 ** count;
  let outside = 0;
  let below = 0;
  while (outside + probability <= 0.025) {
    outside += probability;
    probability *= (count - below) / (below + 1);
    below += 1;
  }
  const end = Math.max(0, below - 1);
  return { low: at(sorted, end), high: at(sorted, count - 1 - end) };
}

/**
 * Each value divided by the base of the same round. A disturbance of the machine affects neighbours alike and leaves their
 * ratio unchanged.
 */
export function ratios(values: readonly number[], bases: readonly number[]): Spread {
  return spreadOf(values.map((value, round) => value / at(bases, round)));
}

/** The smallest value that at least this share of all values does not exceed. */
export function quantile(sorted: readonly number[], share: number): number {
  return at(sorted, Math.max(0, Math.ceil(sorted.length * share) - 1));
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError('There are too few values.');
  return value;
}
