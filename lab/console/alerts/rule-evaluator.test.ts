import { mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { evaluate } from '../promql/evaluate.ts';
import type { Labels } from '../promql/expression.ts';
import { durationIn, parseQuery } from '../promql/parse.ts';
import { createRuleEvaluator } from './rule-evaluator.ts';
import { groupsIn, readRules } from './rules.ts';

// The project's tests of its rules, which promtool passes (test/operations/alerts.test.ts): the console must pass them, too.

interface RuleTests {
  rule_files: string[];
  evaluation_interval: string;
  tests: Array<{
    name: string;
    interval: string;
    input_series: Array<{ series: string; values: string }>;
    promql_expr_test?: Array<{
      expr: string;
      eval_time: string;
      exp_samples?: Array<{ labels: string; value: string }>;
    }>;
    alert_rule_test?: Array<{
      alertname: string;
      eval_time: string;
      exp_alerts?: Array<{ exp_labels?: Labels; exp_annotations?: Labels }>;
    }>;
  }>;
}

const folder = 'prometheus/rules-tests';
const files = (await readdir(folder)).filter((name) => name.endsWith('.test.yml'));
const cases = (
  await Promise.all(
    files.map(async (file) => {
      const tests = parse(await readFile(path.join(folder, file), 'utf8'), {
        // Or else the series 0x20 would be the number 32.
        schema: 'failsafe',
      }) as RuleTests;
      const rules = await Promise.all(
        tests.rule_files.map(async (name) => readFile(path.join(folder, name), 'utf8')),
      );
      return tests.tests.map((each) => ({ title: `${file}: ${each.name}`, each, tests, rules }));
    }),
  )
).flat();

test.each(cases)('the console evaluates rules as Prometheus does: $title', ({ each, tests, rules }) => {
  const step = durationIn(tests.evaluation_interval);
  const groups = rules
    .flatMap((text) => groupsIn(text))
    // promtool evaluates every group at this interval.
    .map(({ name, rules: members }) => ({ name, rules: members, interval: step }));
  const evaluator = createRuleEvaluator(groups);
  const interval = durationIn(each.interval);
  const inputs = each.input_series.map(({ series, values }) => ({
    labels: labelsIn(series),
    values: valuesIn(values),
  }));
  const checks = [...(each.promql_expr_test ?? []), ...(each.alert_rule_test ?? [])]
    .map((check) => ({ check, at: durationIn(check.eval_time) }))
    .toSorted((a, b) => a.at - b.at);
  const length = Math.max(...inputs.map(({ values }) => values.length));
  let time = 0;
  let next = 0;
  for (const { check, at } of checks) {
    for (; time <= at; time += step) {
      for (; next * interval <= time && next < length; next += 1)
        for (const { labels, values } of inputs) {
          const value = values[next];
          if (value !== undefined) evaluator.samples.add(labels, next * interval, value);
        }
      evaluator.evaluateAt(time);
    }
    if ('expr' in check) {
      const result = evaluate(parseQuery(check.expr), evaluator.samples, at);
      expect(result).toEqual(
        (check.exp_samples ?? []).map(({ labels, value }) => ({
          labels: labelsIn(labels),
          value: Number(value),
        })),
      );
      continue;
    }
    const rule = evaluator.alerts().find((state) => state.rule.name === check.alertname);
    const firing = (rule?.active ?? []).filter(({ state }) => state === 'firing');
    expect(firing.map(({ labels, annotations }) => ({ labels, annotations }))).toEqual(
      (check.exp_alerts ?? []).map(({ exp_labels: labels = {}, exp_annotations: annotations = {} }) => ({
        labels,
        annotations,
      })),
    );
  }
});

function labelsIn(series: string): Labels {
  const [, name = '', pairs = ''] = /^([\w:]*)\s*(?:\{(.*)\})?$/s.exec(series.trim()) ?? [];
  const labels = [...pairs.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', value = '']) => [label, value]);
  return { ...(name !== '' && { __name__: name }), ...(Object.fromEntries(labels) as Labels) };
}

/** @see https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series */
function valuesIn(text: string): Array<number | null | undefined> {
  return text.split(/\s+/).flatMap((part) => {
    if (part === 'stale') return [null];
    const [, start = '', step = '0', times = '0'] =
      /^(-?[\d.]+(?:e\d+)?|_)([+-][\d.]+(?:e\d+)?)?(?:x(\d+))?$/.exec(part) ?? [];
    // `1x3` is four times 1, but `_x3` three gaps.
    const length = start === '_' && times !== '0' ? Number(times) : Number(times) + 1;
    return Array.from({ length }, (_each, index) =>
      start === '_' ? undefined : Number(start) + Number(step) * index,
    );
  });
}

test('rules with numbers in place of texts, and with flags in patterns, are evaluated as in Prometheus', () => {
  const evaluator = createRuleEvaluator(
    groupsIn(`
groups:
  - name: g
    rules:
      - { alert: A, expr: 'up{job=~"(?i)ORDERS|x"} == 1', for: 0, labels: { tier: 1, ratio: 1.0 }, annotations: { on: true } }
      - { record: one, expr: 1 }
`),
  );
  evaluator.scrape('', { job: 'orders', instance: 'i' }, 1000);
  evaluator.evaluateAt(1000);
  const labels = { job: 'orders', instance: 'i', tier: '1', ratio: '1.0' };
  expect(evaluator.alerts()).toMatchObject([
    { active: [{ state: 'firing', labels, annotations: { on: 'true' } }], reasons: [] },
  ]);
});

test.each(['[[:alpha:]]', '(?U)a+', String.raw`\\pL`, '(?P<name>a)'])(
  'a rule with the pattern %s, which RE2 alone knows, is not evaluated',
  (pattern) => {
    const evaluator = createRuleEvaluator(
      groupsIn(`groups: [{ name: g, rules: [{ alert: A, expr: 'up{job=~"${pattern}"}' }] }]`),
    );
    evaluator.scrape('', { job: 'orders', instance: 'i' }, 1000);
    evaluator.evaluateAt(1000);
    expect(evaluator.alerts()).toMatchObject([
      { active: [], reasons: [expect.stringContaining('It uses the pattern')] },
    ]);
  },
);

test('a rule with a duration that Prometheus refuses is not evaluated, and the others are', () => {
  const evaluator = createRuleEvaluator(
    groupsIn(`
groups:
  - name: wrong for
    rules:
      - { alert: A, expr: up, for: 5 }
      - { alert: B, expr: up, for: , labels: , annotations: }
  - { name: wrong interval, interval: 1.5h, rules: [{ alert: C, expr: up }] }
  - { name: without rules, rules: }
`),
  );
  evaluator.scrape('', { job: 'orders', instance: 'i' }, 1000);
  evaluator.evaluateAt(1000);
  const refused = (duration: string) => ({
    active: [],
    reasons: [`It uses the duration ${duration}, which the console cannot evaluate.`],
  });
  expect(evaluator.alerts()).toMatchObject([refused('5'), { active: [{}], reasons: [] }, refused('1.5h')]);
});

test.each([
  ['groups: [', 'Flow sequence'],
  ['groups: 5', 'groups must be a list'],
])('a file that says %s, which holds no rules, is named in one line', async (text, why) => {
  await using rules = await mkdtempDisposable(path.join(tmpdir(), 'rules-'));
  await writeFile(path.join(rules.path, 'wrong.yml'), text);
  await expect(readRules(rules.path)).rejects.toThrow(
    expect.objectContaining({
      name: 'StartupError',
      message: expect.stringMatching(
        new RegExp(String.raw`wrong\.yml is no file of alert rules: .*${why}.*$`),
      ) as string,
    }) as Error,
  );
});

test.each([
  [String.raw`a\\-b\\:c\\_d`, 'a-b:c_d'],
  ['/orders/{id}', '/orders/{id}'],
  [String.raw`\\{id\\}|\\p{Lu}{2,}`, 'AB'],
  ['[a-z{}]{3}', 'b{}'],
])('the pattern %s finds %s, as in RE2', (pattern, found) => {
  const evaluator = createRuleEvaluator(
    groupsIn(`groups: [{ name: g, rules: [{ alert: A, expr: 'up{job=~"${pattern}"}' }] }]`),
  );
  evaluator.scrape('', { job: found, instance: 'i' }, 1000);
  evaluator.evaluateAt(1000);
  expect(evaluator.alerts()).toMatchObject([{ active: [{ labels: { job: found } }], reasons: [] }]);
});

test('groups of one name in two files are evaluated both', () => {
  const group = (alert: string) => `groups: [{ name: g, rules: [{ alert: ${alert}, expr: up }] }]`;
  const evaluator = createRuleEvaluator([...groupsIn(group('A')), ...groupsIn(group('B'))]);
  evaluator.scrape('', { job: 'orders', instance: 'i' }, 1000);
  evaluator.evaluateAt(1000);
  expect(evaluator.alerts()).toMatchObject([{ active: [{}] }, { active: [{}] }]);
});

test('an alert keeps firing as long as its rule says, and rules have the labels of their group', () => {
  const evaluator = createRuleEvaluator(
    groupsIn(`
groups:
  - name: g
    interval: 10s
    labels: { team: tea, tier: low }
    rules: [{ alert: A, expr: up == 0, keep_firing_for: 20s, labels: { tier: top } }]
`),
  );
  const statesAt = [false, true, true, true, false, true].map((isUp, at) => {
    const time = 10_000 * (at + 1);
    evaluator.scrape(isUp ? '' : undefined, { job: 'orders', instance: 'i' }, time);
    evaluator.evaluateAt(time);
    return evaluator
      .alerts()[0]
      ?.active.map(({ state, since, labels: { team, tier } }) => [state, since, team, tier]);
  });
  const firing = (since: number) => [['firing', since, 'tea', 'top']];
  expect(statesAt).toEqual([
    firing(10_000),
    firing(10_000),
    firing(10_000),
    [],
    firing(50_000),
    firing(50_000),
  ]);
});
