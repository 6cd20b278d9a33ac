import { beforeAll, describe, expect, test } from 'vitest';
import { dashboardQueries, ruleQueries } from '../support/files/observability-as-code.ts';
import { eventually, queryLoki, queryPrometheus, stack, sumOf } from './backends.ts';

/**
 * What is rightly empty while all is well: it marks or announces that something is not. All other queries must have
 * an answer after a minute of traffic, so that nobody looks at an empty panel and wonders.
 */
const emptyInCalm = [
  /› annotation /,
  // Refused orders alone; the rule that reads it makes it 0.
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

/** `undefined` where there is nothing yet. */
async function anyOf(query: string) {
  const result = await queryPrometheus(query);
  return result.length > 0 ? result : undefined;
}

describe('PromQL', () => {
  const queries = panels.filter(({ language }) => language === 'promql');
  const filled = queries.filter(({ place }) => !emptyInCalm.some((pattern) => pattern.test(place)));

  test.each(filled.map(({ place, text }) => [place, text]))('%s has data', async (_place, text) => {
    const data = await eventually('data', () => anyOf(text));
    expect(data.length).toBeGreaterThan(0);
  });

  test('what is empty in calm is understood all the same', async () => {
    for (const { text } of queries.filter((query) => !filled.includes(query))) {
      await expect(queryPrometheus(text)).resolves.toBeInstanceOf(Array);
    }
  });

  test('every rule is evaluated without an error', async () => {
    expect(rules.length).toBeGreaterThan(10);
    for (const { text } of rules) await queryPrometheus(text);
    expect(await sumOf('prometheus_rule_evaluation_failures_total')).toBe(0);
  });

  const recordings = rules.filter(
    ({ place }) => place.includes(':') && !emptyInCalm.some((pattern) => pattern.test(place)),
  );

  // What it says and not what it has recorded: some are asked every few minutes only.
  test.each(recordings.map(({ place, text }) => [place, text]))(
    '%s has something to record',
    async (_place, text) => {
      const data = await eventually('data', () => anyOf(text), 90_000);
      expect(data.length).toBeGreaterThan(0);
    },
  );
});

// What is not here cannot be asked, and the setup has said so. That LogQL parses is tested without a Loki as well.
const logQueries = stack.lokiUrl === undefined ? [] : panels.filter(({ language }) => language === 'logql');

test.each(logQueries.map(({ place, text }) => [place, text]))(
  '%s is understood by Loki',
  async (_place, text) => {
    expect(await queryLoki(text)).toBeInstanceOf(Array);
  },
);

const alertmanagers = stack.alertmanagerUrl === undefined ? [] : [stack.alertmanagerUrl];

test.each(alertmanagers)('alerts get from Prometheus through Alertmanager at %s to the pager', async () => {
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

test.each(grafanas)('Grafana at %s asks for no login, and has all dashboards', async (url) => {
  const response = await fetch(`${url}/api/search?type=dash-db`);
  expect(response.status).toBe(200);
  const found = (await response.json()) as Array<{ uid: string }>;
  const wanted = new Set(panels.map(({ place }) => place.split(' ›')[0]));
  expect(new Set(found.map(({ uid }) => uid))).toEqual(wanted);
});
