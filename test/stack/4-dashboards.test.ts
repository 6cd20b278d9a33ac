import { beforeAll, describe, expect, test } from 'vitest';
import { dashboardQueries, ruleQueries } from '../support/files/observability-as-code.ts';
import { eventually, queryLoki, queryPrometheus, stack, sumOf } from './backends.ts';

/**
 * Queries that are empty in normal operation, because they mark a problem. All others must have data after a minute of
 * traffic, because an empty panel is ambiguous.
 */
const emptyInCalm = [
  /› annotation /,
  // Only counts shed orders; the rule that uses it defaults to 0.
  /^job_instance:placements_throttled:/,
];

const panels = await dashboardQueries();
const rules = await ruleQueries();

beforeAll(async () => {
  await eventually(
    'minute of traffic',
    async () => {
      const minute = (await sumOf('http_requests_total offset 1m')) > 0;
      return minute || undefined;
    },
    120_000,
  );
});

/** Resolves to `undefined` without data. */
async function anyOf(query: string) {
  const result = await queryPrometheus(query);
  return result.length > 0 ? result : undefined;
}

describe('PromQL', () => {
  const queries = panels.filter(({ language }) => language === 'promql');
  const filled = queries.filter(({ place }) => !emptyInCalm.some((pattern) => pattern.test(place)));

  test.each(filled.map(({ place, text }) => [place, text]))(
    'the query of %s has data',
    async (_place, text) => {
      const data = await eventually('data', () => anyOf(text));
      expect(data.length).toBeGreaterThan(0);
    },
  );

  test('Prometheus accepts the queries that are empty in normal operation', async () => {
    for (const { text } of queries.filter((query) => !filled.includes(query))) {
      await expect(queryPrometheus(text)).resolves.toBeInstanceOf(Array);
    }
  });

  test('Prometheus evaluates every rule without an error', async () => {
    expect(rules.length).toBeGreaterThan(10);
    for (const { text } of rules) await queryPrometheus(text);
    expect(await sumOf('prometheus_rule_evaluation_failures_total')).toBe(0);
  });

  const recordings = rules.filter(
    ({ place, text }) =>
      place.includes(':') &&
      !emptyInCalm.some((pattern) => pattern.test(place)) &&
      // Without containers there is no proxy; with them these have data, too.
      !(stack.project === undefined && /\bhaproxy_/.test(text)),
  );

  // Queries the expression and not the recorded series, because some rules are evaluated only every few minutes.
  test.each(recordings.map(({ place, text }) => [place, text]))(
    'the recording rule %s has data',
    async (_place, text) => {
      const data = await eventually('data', () => anyOf(text), 90_000);
      expect(data.length).toBeGreaterThan(0);
    },
  );
});

// Without Loki these are skipped, as the setup has printed. Other tests check that the LogQL parses.
const logQueries = stack.lokiUrl === undefined ? [] : panels.filter(({ language }) => language === 'logql');

test.each(logQueries.map(({ place, text }) => [place, text]))(
  'Loki accepts the query of %s',
  async (_place, text) => {
    expect(await queryLoki(text)).toBeInstanceOf(Array);
  },
);

const alertmanagers = stack.alertmanagerUrl === undefined ? [] : [stack.alertmanagerUrl];

test.each(alertmanagers)('alerts reach the pager through Alertmanager at %s', async () => {
  interface Pager {
    heartbeatAt: string | null;
  }
  const heartbeat = await eventually(
    'heartbeat',
    async () => {
      const response = await fetch(`${stack.gatewayUrl}/alerts`);
      return ((await response.json()) as Pager).heartbeatAt ?? undefined;
    },
    120_000,
  );
  expect(Date.parse(heartbeat)).toBeLessThanOrEqual(Date.now());
});

const grafanas = stack.grafanaUrl === undefined ? [] : [stack.grafanaUrl];

test.each(grafanas)('Grafana at %s requires no login and has all dashboards', async (url) => {
  const response = await fetch(`${url}/api/search?type=dash-db`);
  expect(response.status).toBe(200);
  const found = (await response.json()) as Array<{ uid: string }>;
  const wanted = new Set(panels.map(({ place }) => place.split(' ›')[0]));
  expect(new Set(found.map(({ uid }) => uid))).toEqual(wanted);
});
