import type { Threshold } from '@grafana/grafana-foundation-sdk/dashboard';

/** The same thing has the same colour on every panel. Names are those of Grafana's palette. */
export const good = 'green';
export const notice = 'yellow';
export const warning = 'orange';
export const bad = 'red';
export const neutral = 'blue';

/** Colours by a regular expression over the name of a series. */
export type Colours = Readonly<Record<string, string>>;

export const byStatusCode: Colours = {
  '^2': good,
  '^4(?!29)': notice,
  '^429': warning,
  '^5': bad,
  none: good,
};

export const byOrderStatus: Colours = {
  paid: good,
  declined: warning,
  refused: 'red',
  cancelled: 'purple',
  pending: notice,
};

export const byDependency: Colours = { payment: neutral, postgres: 'purple', redis: 'semi-dark-orange' };

export const byOutcome: Colours = {
  '(success|succeeded|ok|recovered|hit)$': good,
  '(declined|cancelled|retried|miss)$': notice,
  '(timeout|unknown|rejected)$': warning,
  '(failure|unavailable|exhausted|error)$': bad,
};

export const byLevel: Colours = {
  debug: 'text',
  info: neutral,
  warn: warning,
  error: bad,
  fatal: 'dark-red',
};

/** Thresholds for a value that should be low: green below the first, then the colour of each threshold reached. */
export function rising(...steps: ReadonlyArray<[from: number, colour: string]>): Threshold[] {
  return [{ value: null, color: good }, ...steps.map(([value, color]) => ({ value, color }))];
}

/** Thresholds for a value that should be high: red below the first. */
export function falling(...steps: ReadonlyArray<[from: number, colour: string]>): Threshold[] {
  return [{ value: null, color: bad }, ...steps.map(([value, color]) => ({ value, color }))];
}

/** No thresholds, for a value that is neither good nor bad. */
export const plain: Threshold[] = [{ value: null, color: neutral }];
