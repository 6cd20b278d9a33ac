import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type ExposedSample, parseExposition, scrapeMetrics } from '../../lab/harness/exposition.ts';
import { parseLogql } from '../support/files/logql.ts';
import { allQueries, readRules } from '../support/files/observability-as-code.ts';
import { parsePromql } from '../support/files/promql.ts';
import { startWorld, type World } from '../support/world.ts';

/** Every name that rules, dashboards and runbooks use must exist: a typo would be a panel that stays empty. */

let world: World;
let samples: ExposedSample[];

beforeAll(async () => {
  world = await startWorld({
    BREAKER_VOLUME: '4',
    BREAKER_OPEN_FOR: '200ms',
    RATE_LIMIT_MAX: '300',
    RATE_LIMIT_WINDOW: '1h',
  });
  const wanted = { reference: 'ref-42', quantity: 2 };
  const created = await world.create(wanted);
  await world.get(created.headers.get('location') ?? '');
  await world.get('/bookings');
  await world.create({ reference: 'no-room', quantity: 1 });
  await world.create({});
  await fetch(`${world.url}/bookings`, { headers: { authorization: 'Bearer nobody' } });
  await world.setFaults({ delayMs: 500 });
  await vi.waitUntil(() => isAbandoned(wanted), { timeout: 20_000 });
  await world.setFaults();
  await world.setFaults({ errorRate: 1 });
  for (let count = 0; count < 4; count += 1) await world.create(wanted);
  await world.setFaults();
  // Many at once: one alone is mostly stored within its millisecond.
  const isAmong = async (status: number, headers = {}) => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.create(wanted, headers)));
    return answers.some((answer) => answer.status === status);
  };
  await vi.waitUntil(() => isAmong(504, { 'x-request-timeout-ms': '1' }), { timeout: 20_000 });
  await vi.waitUntil(() => isAmong(429), { timeout: 30_000 });
  const simulator = await fetch(new URL('/metrics', world.upstreamUrl));
  samples = [
    ...(await scrapeMetrics(world.adminUrl)).samples,
    ...parseExposition(await simulator.text(), 'prometheus').samples,
  ];
});
afterAll(() => world.stop());

/** Gives up a request before its answer. @returns whether the service has noticed one that was given up */
async function isAbandoned(wanted: object): Promise<boolean> {
  await fetch(`${world.url}/bookings`, {
    method: 'POST',
    headers: { authorization: 'Bearer test-key', 'content-type': 'application/json' },
    body: JSON.stringify(wanted),
    signal: AbortSignal.timeout(100),
  }).catch(() => undefined);
  const exposed = await scrapeMetrics(world.adminUrl);
  return exposed.samples.some(({ labels }) => labels['status_code'] === '499');
}

/** Metrics of Prometheus, the Collector and HAProxy. */
const ofOthers = /^(up|ALERTS|scrape_\w+|prometheus_\w+|otelcol_\w+|haproxy_\w+)$/;
/** Series that are there only with REDIS_URL, and a level that ends the process. */
const optional = new Set(['redis', 'refused', 'fatal']);
const ofScrapes = new Set(['job', 'instance']);

test('every metric that a rule, a panel or a runbook asks for is exposed, with its labels and values', async () => {
  const missing: string[] = [];
  for (const { place, language, text } of await allQueries()) {
    if (language !== 'promql') continue;
    for (const { metric, matchers } of parsePromql(text).selectors) {
      if (metric.includes(':') || ofOthers.test(metric)) continue;
      const exposed = samples.filter(({ name }) => name === metric);
      if (exposed.length === 0) missing.push(`${place}: ${metric} is not exposed`);
      for (const { label, operator, value } of matchers) {
        if (ofScrapes.has(label) || operator.startsWith('!')) continue;
        const values = exposed.flatMap(({ labels }) => labels[label] ?? []);
        const patterns = operator === '=' ? [value] : value.split('|');
        const fits = (pattern: string, each: string) =>
          operator === '=' ? each === pattern : new RegExp(`^(?:${pattern})$`).test(each);
        const absent = patterns.filter(
          (pattern) => !optional.has(pattern) && !values.some((each) => fits(pattern, each)),
        );
        missing.push(...absent.map((pattern) => `${place}: no ${metric} has ${label}="${pattern}"`));
      }
    }
  }
  expect([...new Set(missing)]).toEqual([]);
});

test('every recorded series that a query asks for is recorded', async () => {
  const recorded = new Set((await readRules()).recordings.map(({ record }) => record));
  const asked = (await allQueries())
    .filter(({ language }) => language === 'promql')
    .flatMap(({ text }) => parsePromql(text).selectors.map(({ metric }) => metric));
  expect(asked.filter((metric) => metric.includes(':') && !recorded.has(metric))).toEqual([]);
});

test('every field and event that a log query asks for is logged', async () => {
  const fields = new Set([
    ...world.logs.flatMap((line) => Object.keys(line)),
    'severity_text',
    'service_name',
  ]);
  const files = (await readdir('src', { recursive: true })).filter((name) => name.endsWith('.ts'));
  const sources = await Promise.all(files.map((name) => readFile(path.join('src', name), 'utf8')));
  const events = sources.flatMap((text) =>
    [...text.matchAll(/\bevent: '([\w.]+)'/g)].map(([, event = '']) => event),
  );
  const missing: string[] = [];
  for (const { place, language, text } of await allQueries()) {
    if (language !== 'logql') continue;
    const { filters, groupingLabels } = parseLogql(text);
    const asked = [...filters.map(({ field }) => field), ...groupingLabels];
    missing.push(
      ...asked.filter((field) => !fields.has(field)).map((field) => `${place}: no line has ${field}`),
    );
    for (const { field, value = '' } of filters.filter((each) => each.field === 'event')) {
      const untold = value
        .split('|')
        .filter((pattern) => !events.some((event) => new RegExp(`^(?:${pattern})$`).test(event)));
      missing.push(...untold.map((pattern) => `${place}: nothing logs ${field} ${pattern}`));
    }
  }
  expect(missing).toEqual([]);
});
