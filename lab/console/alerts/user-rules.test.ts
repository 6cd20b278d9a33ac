import { expect, test } from 'vitest';
import { createRuleEvaluator } from './rule-evaluator.ts';
import { groupsIn } from './rules.ts';

// Rules as users write them, beside those of the project.

/** What the console says of these rules, written as flow mappings, after scrapes that are ten seconds apart. */
function alertsOf(rules: string, ...expositions: readonly string[]) {
  const evaluator = createRuleEvaluator(groupsIn(`groups: [{ name: g, interval: 1s, rules: [${rules}] }]`));
  for (const [at, exposition] of ['', ...expositions].entries()) {
    const time = 10_000 * (at + 1);
    evaluator.scrape(exposition, { job: 'shop', instance: 'i' }, time);
    evaluator.evaluateAt(time);
  }
  return evaluator.alerts();
}

test('a template may pass the value on to its function', () => {
  const annotations = `{ share: '{{ $value | humanizePercentage }}', short: '{{ $value | printf "%.2f" }}', other: '{{ $value | toTime }}' }`;
  expect(alertsOf(`{ alert: A, expr: up / 32, annotations: ${annotations} }`)).toMatchObject([
    { active: [{ annotations: { share: '3.125%', short: '0.03', other: '{{ $value | toTime }}' } }] },
  ]);
});

test('a rule about alerts is evaluated whether or not there are any', () => {
  const about = (name: string) =>
    `{ alert: A, expr: 'ALERTS{alertname="${name}",alertstate="firing"} == 1' }`;
  const [, none, some] = alertsOf(`{ alert: Up, expr: up }, ${about('Down')}, ${about('Up')}`);
  expect([none, some]).toMatchObject([
    { active: [], reasons: [] },
    { active: [{ state: 'firing' }], reasons: [] },
  ]);
});

test('an alert on the absence of a series some time ago has the labels of that series', () => {
  expect(alertsOf(`{ alert: A, expr: 'absent(up{job="till"} offset 1m)' }`)).toMatchObject([
    { active: [{ labels: { job: 'till' } }] },
  ]);
});

test('a value that is no number is neither the least nor the most of a window', () => {
  const sample = (value: string) => `# TYPE g gauge\ng ${value}\n`;
  const rules = ['min', 'max'].map((name) => `{ alert: ${name}, expr: '${name}_over_time(g[1m])' }`);
  expect(alertsOf(rules.join(), sample('5'), sample('NaN'), sample('7'))).toMatchObject([
    { active: [{ value: 5 }] },
    { active: [{ value: 7 }] },
  ]);
});
