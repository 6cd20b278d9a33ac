import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { scaleExpression, scaleRules, timeScales } from '../../lab/chaos/alerts/scale-rules.ts';
import { catalogue } from '../../lab/chaos/catalogue.ts';
import { detectionTable } from '../../lab/chaos/detection.ts';
import { heartbeat } from '../../lab/chaos/experiment.ts';
import { settlementBuckets } from '../../src/telemetry/metrics/order-metrics.ts';
import { readDashboards, readRules } from '../support/files/observability-as-code.ts';
import { parsePromql } from '../support/files/promql.ts';

const { alerts } = await readRules();
const known = new Set(alerts.map(({ alert }) => alert));
const claimed = new Set([
  heartbeat,
  ...catalogue.flatMap(({ hypothesis: { detection } }) =>
    'undetected' in detection ? [] : detection.map(({ alert }) => alert),
  ),
]);

test('the catalogue lists every experiment file under its own name', async () => {
  const files = await readdir('lab/chaos/experiments');
  expect(catalogue.map(({ name }) => `${name}.ts`).toSorted()).toEqual(files.toSorted());
});

test('every alert is expected by an experiment', () => {
  expect([...known].filter((alert) => !claimed.has(alert))).toEqual([]);
});

test('the README states the number of experiments', async () => {
  expect(await readFile('README.md', 'utf8')).toContain(`${catalogue.length} experiments`);
});

test('an experiment is in the last report, or named as younger than it', async () => {
  const report = await readFile('docs/chaos/report.md', 'utf8');
  const page = await readFile('docs/chaos/README.md', 'utf8');
  const younger = catalogue.map(({ name }) => name).filter((name) => !report.includes(`](#${name})`));
  expect(younger.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

describe.each(catalogue.map((experiment) => [experiment.name, experiment] as const))(
  'experiment %s',
  (_name, experiment) => {
    const { hypothesis, look } = experiment;

    test('an experiment names existing alerts that detect it, or a reason why none does', () => {
      const { detection, quiet = [] } = hypothesis;
      const named = 'undetected' in detection ? [] : detection.map(({ alert }) => alert);
      for (const alert of [...named, ...quiet]) expect([...known]).toContain(alert);
      if ('undetected' in detection) expect(detection.undetected.length).toBeGreaterThan(20);
      else expect(detection.length).toBeGreaterThan(0);
    });

    test('an experiment makes falsifiable claims', () => {
      expect(experiment.faults.length).toBeGreaterThan(0);
      expect(hypothesis.answers.allowed.length).toBeGreaterThan(0);
      expect(hypothesis.recoveredWithin).toBeGreaterThan(0);
      expect(hypothesis.claim).toMatch(/\.$/);
    });

    test('an experiment allows no error lines unless they page', () => {
      const { detection, metrics } = hypothesis;
      const pages = !('undetected' in detection) && detection.some(({ alert }) => alert === 'ErrorsLogged');
      const errors = metrics.find(({ labels }) => labels?.['level'] === 'error');
      expect(errors).toMatchObject({
        name: 'log_messages_total',
        ...(pages ? { atLeast: 1 } : { atMost: 0 }),
      });
    });

    test('an experiment links to an existing panel', async () => {
      const dashboard = (await readDashboards()).find(({ uid }) => uid === look.dashboard);
      expect(dashboard?.panels.map(({ title }) => title)).toContain(look.panel);
    });
  },
);

test('the committed report has the current table of faults and alerts', async () => {
  const report = await readFile('docs/chaos/report.md', 'utf8');
  expect(report).toContain(detectionTable(catalogue));
});

test('a time scale divides every duration in an expression, and nothing else', () => {
  const scaled = (text: string) => scaleExpression(text, 30);
  expect(scaled('rate(a_total[5m]) > 0.01')).toBe('rate(a_total[10s]) > 0.01');
  expect(scaled('sum_over_time(b:rate5m[2h:5m] offset 1h30m)')).toBe(
    'sum_over_time(b:rate5m[240s:10s] offset 180s)',
  );
  expect(scaled('rate(a_total[1m])')).toBe('rate(a_total[2s])');
  expect(scaled('predict_linear(orders_pending{job="orders"}[15m], 3600)')).toBe(
    'predict_linear(orders_pending{job="orders"}[30s], 120)',
  );
  expect(scaled('max by (job) (orders_pending_oldest_seconds{job="orders"}) > 300')).toBe(
    'max by (job) (orders_pending_oldest_seconds{job="orders"}) > 10',
  );
  expect(scaled('last_over_time(job:orders_pending_oldest_seconds:max[1h]) > 300')).toBe(
    'last_over_time(job:orders_pending_oldest_seconds:max[120s]) > 10',
  );
  expect(scaled('x_bucket{le="0.3"}[1m]')).toBe('x_bucket{le="0.3"}[2s]');
});

test.each(timeScales)('rules at a time scale of %i are valid and contain every alert', async (scale) => {
  const found: string[] = [];
  for (const file of await readdir('prometheus/rules')) {
    const text = scaleRules(await readFile(`prometheus/rules/${file}`, 'utf8'), scale);
    const { groups } = parse(text) as { groups: Array<{ rules: Array<{ alert?: string; expr: string }> }> };
    for (const { alert, expr } of groups.flatMap(({ rules }) => rules)) {
      expect(() => parsePromql(expr)).not.toThrow();
      if (alert !== undefined) found.push(alert);
    }
    if (scale > 1) expect(text).not.toMatch(/for: \d+m\b/);
  }
  expect(new Set(found)).toEqual(known);
});

test('a time scale also divides thresholds that are ages of orders', async () => {
  const rules = scaleRules(await readFile('prometheus/rules/slo.yml', 'utf8'), 30);
  // The histogram must have this bucket, or the objective would count nothing.
  expect(rules).toContain('le="10.0"');
  expect(settlementBuckets).toContain(10);
});
