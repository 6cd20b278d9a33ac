/** A figure over all rounds. The extremes are part of it, because a median alone hides a noisy machine. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Formats it as: median (minimum – maximum). */
export function show(
  { median, min, max }: Spread,
  { unit, digits }: { unit: string; digits: number },
): string {
  const text = (value: number): string => value.toFixed(digits);
  return `${text(median)}${unit} (${text(min)} – ${text(max)})`;
}

export const ratioForm = { unit: '', digits: 2 };

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = at(sorted, Math.floor(sorted.length / 2));
  const lower = at(sorted, Math.ceil(sorted.length / 2) - 1);
  return { median: (lower + upper) / 2, min: at(sorted, 0), max: at(sorted, sorted.length - 1) };
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
