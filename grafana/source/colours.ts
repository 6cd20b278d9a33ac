import type { Threshold } from '@grafana/grafana-foundation-sdk/dashboard';

/** The same thing has the same colour on every panel. Names are those of Grafana's palette. */
export const good = 'green';
export const notice = 'yellow';
export const warning = 'orange';
export const bad = 'red';
export const neutral = 'blue';

/** By regular expression over the name of a series. */
export type Colours = Readonly<Record<string, string>>;

export const byStatusCode: Colours = {
  '^2': good,
  '^4(?!29)': notice,
  '^429': warning,
  '^5': bad,
  none: good,
};

export const byOrderStatus: Colours = { paid: good, declined: warning, cancelled: 'purple', pending: notice };

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

/** From green on, each value and all above it in the next colour. */
export function rising(...steps: ReadonlyArray<[from: number, colour: string]>): Threshold[] {
  return [{ value: null, color: good }, ...steps.map(([value, color]) => ({ value, color }))];
}

/** From red on: what should be high. */
export function falling(...steps: ReadonlyArray<[from: number, colour: string]>): Threshold[] {
  return [{ value: null, color: bad }, ...steps.map(([value, color]) => ({ value, color }))];
}

/** Where a value is neither good nor bad. */
export const plain: Threshold[] = [{ value: null, color: neutral }];
