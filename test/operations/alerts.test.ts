import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test, type TestContext } from 'vitest';
import { parse } from 'yaml';
import { parseLogql } from '../support/files/logql.ts';
import {
  type AlertRule,
  readDashboards,
  readRules,
  readRuleTests,
  readRunbooks,
  ruleQueries,
  runbookQueries,
} from '../support/files/observability-as-code.ts';
import { parsePromql } from '../support/files/promql.ts';

const run = promisify(execFile);

const { alerts, recordings, groups } = await readRules();
const ruleTests = await readRuleTests();
const dashboards = new Set((await readDashboards()).map(({ uid }) => uid));
const runbooks = new Map((await readRunbooks()).map(({ name, text }) => [name, text]));

/** Always fires, so no series can keep it from firing. */
const heartbeat = 'Watchdog';

const objectives = new Set(recordings.flatMap(({ labels }) => labels?.['slo'] ?? []));

/** The runbooks that an alert may link to: one per objective if its URL contains the objective. */
function runbooksOf({ annotations }: AlertRule): string[] {
  const url = annotations['runbook_url'] ?? '';
  const urls = url.includes('{{')
    ? [...objectives].map((slo) => url.replace('{{ $labels.slo }}', slo))
    : [url];
  return urls.map((each) => /^http:\/\/127\.0\.0\.1:7072\/runbooks\/([a-z-]+\.md)$/.exec(each)?.[1] ?? each);
}

// Prometheus evaluates groups at different moments, and the rules of one in their order:
// https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/#recording-rules
test('a rule reads only rules that stand before it in its group, whose values are of the same round', () => {
  const recorded = new Set(recordings.map(({ record }) => record));
  const late = groups.flatMap(({ name, rules }) =>
    rules.flatMap((rule, index) => {
      const before = new Set(rules.slice(0, index).map((each) => ('record' in each ? each.record : '')));
      return parsePromql(rule.expr)
        .selectors.filter(({ metric }) => recorded.has(metric) && !before.has(metric))
        .map(({ metric }) => `${name}: ${'record' in rule ? rule.record : rule.alert} reads ${metric}`);
    }),
  );
  expect(late).toEqual([]);
});

test('alerts have unique names', () => {
  const names = alerts.map(({ alert }) => alert);
  expect(names).toEqual([...new Set(names)]);
  expect(names).toContain(heartbeat);
});

describe.each(alerts.map((rule) => [rule.alert, rule] as const))('alert %s', (name, rule) => {
  test('an alert pages, opens a ticket, or is the heartbeat', () => {
    const severities = name === heartbeat ? ['heartbeat'] : ['page', 'ticket'];
    expect(severities).toContain(rule.labels['severity']);
  });

  test('an alert has a summary with its value, and a description', () => {
    const { summary, description } = rule.annotations;
    expect(summary?.length).toBeGreaterThan(10);
    expect(description?.length).toBeGreaterThan(10);
    // Their value can only be 0 or 1.
    const countless = [heartbeat, 'ServiceDown', 'TargetDown'];
    if (!countless.includes(name)) expect(summary).toContain('$value');
  });

  test('an alert links to an existing runbook and dashboard', () => {
    for (const runbook of runbooksOf(rule)) expect([...runbooks.keys()]).toContain(runbook);
    const [, uid = ''] =
      /^http:\/\/127\.0\.0\.1:7074\/d\/([a-z-]+)$/.exec(rule.annotations['dashboard_url'] ?? '') ?? [];
    expect([...dashboards]).toContain(uid);
  });

  test('an alert is named in its runbook and in the list of runbooks', () => {
    for (const runbook of [...runbooksOf(rule), 'README.md']) {
      expect(runbooks.get(runbook), runbook).toContain(`\`${name}\``);
    }
  });

  test('an alert is tested with a series that fires it and with one that must not', () => {
    const cases = ruleTests.flatMap(({ input_series: series, alert_rule_test: checks = [] }) =>
      checks.filter(({ alertname }) => alertname === name && series.length > 0),
    );
    expect(cases.some(({ exp_alerts: expected }) => expected.length > 0)).toBe(true);
    if (name !== heartbeat)
      expect(cases.some(({ exp_alerts: expected }) => expected.length === 0)).toBe(true);
  });
});

// promtool passes a test that an alert stays silent if no rule has this name.
test('the tests of rules name no alert that does not exist', () => {
  const named = ruleTests.flatMap(({ alert_rule_test: checks = [] }) =>
    checks.map(({ alertname }) => alertname),
  );
  expect(named.filter((alert) => !alerts.some((rule) => rule.alert === alert))).toEqual([]);
});

const pages = [...runbooks].filter(([name]) => name !== 'README.md');

test.each(pages)('the runbook %s has all sections, queries and links', (name, text) => {
  const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual(['What it means', 'How to look', 'What to do', 'How to rehearse it']);

  const look = text.slice(text.indexOf('## How to look'), text.indexOf('## What to do'));
  expect(look).toContain('```promql');
  expect(look).toContain('```logql');
  expect(look).toMatch(/Jaeger|traces/);
  expect(look).toMatch(/http:\/\/127\.0\.0\.1:7074\/d\/orders-[a-z]+/);
  expect(text.slice(text.indexOf('## How to rehearse it'))).toContain('```sh');

  expect(runbooks.get('README.md')).toContain(`](${name})`);
  expect(alerts.flatMap(runbooksOf)).toContain(name);
});

test('the rehearsal of DatabasePoolExhausted holds its lock until the alert fires', () => {
  const rule = alerts.find(({ alert }) => alert === 'DatabasePoolExhausted');
  const [, window] = /\[(\d+)s\]/.exec(rule?.expr ?? '') ?? [];
  const [, minutes] = /^(\d+)m$/.exec(rule?.for ?? '') ?? [];
  const [, seconds] = /pg_sleep\((\d+)\)/.exec(runbooks.get('database-pool.md') ?? '') ?? [];
  // Callers wait once the pool is full, and two evaluations are 15 s apart.
  const filled = 15 + 15;
  expect(Number(seconds)).toBeGreaterThanOrEqual(filled + Number(window) + Number(minutes) * 60);
});

test('links in runbooks lead to existing pages and dashboards', async () => {
  const docs = await readdir('docs', { recursive: true });
  for (const [name, text] of runbooks) {
    for (const [, target = ''] of text.matchAll(/\]\(((?!http)[^)#]+)/g)) {
      const known = target.startsWith('../') ? docs.includes(target.slice(3)) : runbooks.has(target);
      expect(known, `${name} → ${target}`).toBe(true);
    }
    for (const [, uid = ''] of text.matchAll(/:7074\/d\/([a-z-]+)/g)) expect([...dashboards]).toContain(uid);
  }
});

test('every query in rules and runbooks parses', async () => {
  for (const { language, text } of [...(await ruleQueries()), ...(await runbookQueries())]) {
    const parsed = language === 'promql' ? parsePromql(text) : parseLogql(text);
    expect(parsed).toBeDefined();
  }
});

test('a recorded series is named level:metric:operations', () => {
  for (const { record } of recordings) expect(record).toMatch(/^[a-z_]+:[a-z_]+:[a-z_]+(\d+[mhd])?$/);
});

/**
 * Runs a tool of the Debian packages prometheus and prometheus-alertmanager. CI must have them; elsewhere the tests that need
 * them are skipped.
 */
async function withTool(context: TestContext, tool: string, ...args: string[]): Promise<string> {
  try {
    const { stdout } = await run(tool, args);
    return stdout;
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!missing) throw error;
    const remedy = `${tool} is not installed: apt-get install prometheus prometheus-alertmanager`;
    if (process.env['CI'] !== undefined) throw new Error(remedy, { cause: error });
    return context.skip(remedy);
  }
}

const filesIn = async (...folders: string[]) =>
  (await readdir(path.join(...folders))).map((name) => path.join(...folders, name));

test('Prometheus accepts the rules', async (context) => {
  const output = await withTool(
    context,
    'promtool',
    'check',
    'rules',
    ...(await filesIn('prometheus', 'rules')),
  );
  expect(output).not.toContain('FAILED');
});

test.for(await filesIn('prometheus', 'rules-tests'))(
  'the alerts fire when they should, and only then: %s',
  { timeout: 180_000 },
  async (file, context) => {
    expect(await withTool(context, 'promtool', 'test', 'rules', file)).toContain('SUCCESS');
  },
);

const alertmanager = 'stack/alertmanager/alertmanager.yml';

test('Alertmanager accepts its configuration, and sends each severity to its receiver', async (context) => {
  await withTool(context, 'amtool', 'check-config', alertmanager);
  for (const severity of ['page', 'ticket', 'heartbeat']) {
    const route = ['config', 'routes', 'test', `--config.file=${alertmanager}`, `severity=${severity}`];
    expect((await withTool(context, 'amtool', ...route)).trim()).toBe(severity);
  }
});

test('an alert has a link to its evidence if Alertmanager asks for evidence for it, and only then', async (context) => {
  for (const { alert, labels, annotations } of alerts) {
    // The link is empty for the objectives that a profile says nothing about.
    const link = annotations['evidence_url'] ?? '';
    if (link !== '') expect(link).toContain(`http://127.0.0.1:7081/?alert=${alert}`);
    const route = ['config', 'routes', 'test', `--config.file=${alertmanager}`, `alertname=${alert}`];
    const more = [`severity=${labels['severity'] ?? ''}`, 'slo=placement-latency'];
    // A heap that fills needs to know what allocates, and everything else where the time goes.
    const receivers = (await withTool(context, 'amtool', ...route, ...more)).trim().split(',');
    const severity = labels['severity'] ?? '';
    expect([alert, ...receivers]).toEqual([
      alert,
      ...(link === '' ? [] : [alert === 'HeapNearlyFull' ? 'heap-profile' : 'cpu-profile']),
      severity,
    ]);
  }
});

// Alertmanager counts from the end of a notification, and looks again when `group_interval` is over: at that moment, a notification of the
// last look is younger than this interval.
test('the heartbeat is sent every minute', async () => {
  interface Routes {
    route: { routes: Array<{ receiver: string; group_interval: string; repeat_interval: string }> };
  }
  const { route } = parse(await readFile(alertmanager, 'utf8')) as Routes;
  const beating = route.routes.find(({ receiver }) => receiver === 'heartbeat');
  const secondsIn = (text = '') => Number(/^(\d+)s$/.exec(text)?.[1]);
  const look = secondsIn(beating?.group_interval);
  // The first look at which the last notification is old enough.
  expect((Math.floor(secondsIn(beating?.repeat_interval) / look) + 1) * look).toBe(60);
});

test('every alert named in alertmanager.yml exists', async () => {
  const text = await readFile(alertmanager, 'utf8');
  const names = alerts.map(({ alert }) => alert);
  const patterns = [...text.matchAll(/alertname[=!]~?"([^"]+)"/g)].flatMap(([, pattern = '']) =>
    pattern.split('|'),
  );
  expect(patterns.filter((pattern) => !names.some((name) => new RegExp(`^${pattern}$`).test(name)))).toEqual(
    [],
  );
});
