import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { type ExposedSample, parseExposition } from '../../lab/harness/exposition.ts';
import { hangUp } from '../support/clients/hang-up.ts';
import { parseLogql } from '../support/files/logql.ts';
import { allQueries, readRules } from '../support/files/observability-as-code.ts';
import { type LabelMatcher, parsePromql } from '../support/files/promql.ts';
import { startHaProxy } from '../../lab/harness/haproxy.ts';
import { type RedisServer, startRedisServer } from '../../lab/harness/redis-server.ts';
import { type TracedService, spawnTracedService } from '../support/processes/traced-service.ts';

/** Every name that rules, dashboards and runbooks use must exist: a typo would be a panel that stays empty. */

let redis: RedisServer;
let service: TracedService;
let samples: ExposedSample[];

beforeAll(async () => {
  redis = await startRedisServer();
  service = await spawnTracedService({
    REDIS_URL: redis.url,
    BREAKER_VOLUME: '3',
    BREAKER_OPEN_FOR: '200ms',
    MAX_PENDING_ORDERS: '4',
    RATE_LIMIT_MAX: '200',
    RATE_LIMIT_WINDOW: '1h',
  });
  await liveThroughEverything(service);
  const simulator = await fetch(`${service.gateway.url}/metrics`);
  await using proxy = await startHaProxy([{ url: nowhere, adminUrl: nowhere }]);
  const proxied = await fetch(`http://${proxy.target}/metrics`);
  samples = [
    ...(await service.scrape()).samples,
    ...parseExposition(await simulator.text(), 'prometheus').samples,
    ...parseExposition(await proxied.text(), 'prometheus').samples,
  ];
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await redis[Symbol.asyncDispose]();
});

/** HAProxy names its metrics whether or not the replica is there. */
const nowhere = 'http://127.0.0.1:9';

/** Triggers every event that a metric or a log line reports. */
async function liveThroughEverything(living: TracedService): Promise<void> {
  const { api, gateway } = living;
  const place = (paymentToken: string) => api.place({ ...teaOrder, paymentToken });
  const paid = await place('tok_visa');
  await place('tok_declined');
  await place('tok_refused');
  await place('tok_error_once');
  await api.get('/orders');
  for (let read = 0; read < 3; read += 1) await api.get(`/orders/${paid.body.id}`);
  await api.place({});
  await api.refused('GET', '/orders', { headers: { authorization: 'Bearer nobody' } });
  await api.refused('GET', '/nowhere');
  await hangUp(living, 900);
  await living.database.sql('ALTER TABLE orders RENAME TO orders_away');
  await api.refused('GET', '/orders');
  await living.database.sql('ALTER TABLE orders_away RENAME TO orders');
  await redis.command('CONFIG', 'SET', 'maxmemory', 1);
  await api.get('/orders');
  await redis.command('CONFIG', 'SET', 'maxmemory', 0);

  await gateway.setFaults({ errorRate: 1 });
  let last = await place('tok_visa');
  const { id } = last.body;
  while (last.status !== 503) last = await place('tok_visa');
  await gateway.clearFaults();
  // Retries until the breaker is half-open.
  await vi.waitFor(async () => expect((await api.request('POST', `/orders/${id}/cancel`)).status).toBe(200), {
    timeout: 10_000,
    interval: 50,
  });

  while (last.status !== 429) last = await place('tok_visa');
}

/** Metrics of Prometheus itself and of the Collector. */
const ofOthers = /^(up|ALERTS|scrape_\w+|prometheus_\w+|otelcol_\w+)$/;
/** Labels that every scraped series gets. */
const ofScrapes = new Set(['job', 'instance']);
/** Logged only when the process cannot continue. */
const neverInATest = new Set(['fatal']);

async function selectors() {
  const queries = (await allQueries()).filter(({ language }) => language === 'promql');
  return queries.flatMap(({ place, text }) =>
    parsePromql(text).selectors.map(({ metric, matchers }) => ({ place, metric, matchers })),
  );
}

/** The values that a matcher requires, as patterns. A negative matcher requires none. */
function wanted({ operator, value }: LabelMatcher): string[] {
  if (operator === '=') return [RegExp.escape(value)];
  if (operator === '=~') return value.split('|').filter((pattern) => !neverInATest.has(pattern));
  return [];
}

test('every queried metric is exposed with the queried labels and values', async () => {
  const missing = (await selectors())
    .filter(({ metric }) => !metric.includes(':') && !ofOthers.test(metric))
    .flatMap(({ place, metric, matchers }) => {
      const exposed = samples.filter(({ name }) => name === metric);
      if (exposed.length === 0) return [`${place}: ${metric} is not exposed`];
      return matchers
        .filter(({ label }) => !ofScrapes.has(label))
        .flatMap((matcher) => {
          const values = exposed.flatMap(({ labels }) => labels[matcher.label] ?? []);
          if (values.length === 0) return [`${place}: ${metric} has no label ${matcher.label}`];
          return wanted(matcher)
            .filter(
              (pattern) =>
                !isMoney(matcher) && !values.some((value) => new RegExp(`^(?:${pattern})$`).test(value)),
            )
            .map((pattern) => `${place}: no ${metric} has ${matcher.label}="${pattern}"`);
        });
    });
  expect([...new Set(missing)]).toEqual([]);
});

/** Currencies are chosen by customers, so a test cannot cover all of them. */
const isMoney = ({ label }: LabelMatcher) => label === 'currency';

test('every queried recording rule exists', async () => {
  const { recordings } = await readRules();
  const recorded = new Set(recordings.map(({ record }) => record));
  const objectives = new Set(recordings.flatMap(({ labels }) => labels?.['slo'] ?? []));
  const asked = (await selectors()).filter(({ metric }) => metric.includes(':'));
  expect(asked.map(({ metric }) => metric).filter((metric) => !recorded.has(metric))).toEqual([]);
  const slos = asked.flatMap(({ matchers }) => matchers.filter(({ label }) => label === 'slo'));
  expect(slos.map(({ value }) => value).filter((slo) => !objectives.has(slo))).toEqual([]);
});

test('queries group by labels that the series have', async () => {
  const labelsOf = new Map<string, Set<string>>();
  for (const { name, labels } of samples) {
    const known = labelsOf.get(name) ?? new Set();
    for (const label of Object.keys(labels)) known.add(label);
    labelsOf.set(name, known);
  }
  const missing: string[] = [];
  for (const { place, language, text } of await allQueries()) {
    if (language !== 'promql') continue;
    const { selectors: selected, groupingLabels } = parsePromql(text);
    if (selected.some(({ metric }) => metric.includes(':') || ofOthers.test(metric))) continue;
    const known = (label: string) => selected.some(({ metric }) => labelsOf.get(metric)?.has(label));
    const unknown = groupingLabels.filter((label) => !ofScrapes.has(label) && !known(label));
    missing.push(...unknown.map((label) => `${place}: by ${label}`));
  }
  expect(missing).toEqual([]);
});

/** Fields of OpenTelemetry records that have another name in JSON log lines. */
const ofRecords = new Set(['severity_text', 'service_name']);

test('log queries filter by existing fields and events', async () => {
  const fields = new Set(service.process.logs.flatMap((line) => Object.keys(line)));
  const events = await eventsInSource();
  const missing: string[] = [];
  for (const { place, language, text } of await allQueries()) {
    if (language !== 'logql') continue;
    const { filters, groupingLabels } = parseLogql(text);
    const asked = [...filters.map(({ field }) => field), ...groupingLabels];
    const unknown = asked.filter((field) => !fields.has(field) && !ofRecords.has(field));
    missing.push(...unknown.map((field) => `${place}: no line has ${field}`));

    const ofEvents = filters.filter(({ field }) => field === 'event');
    const untold = ofEvents
      .flatMap(({ value = '' }) => value.split('|'))
      .filter((pattern) => !events.some((event) => new RegExp(`^(?:${pattern})$`).test(event)));
    missing.push(...untold.map((pattern) => `${place}: nothing logs ${pattern}`));
  }
  expect(missing).toEqual([]);
});

/**
 * Attributes of the conventions have their names; all others are in the namespace of the program, as the guide for
 * application developers says: https://opentelemetry.io/docs/specs/semconv/general/naming/
 */
test('every attribute is one of the semantic conventions, or is in the namespace of its program', () => {
  const { attributes, events } = namesInSpans();
  expect([...attributes].filter((name) => !conventional.has(name) && !ownName.test(name))).toEqual([]);
  expect(events).toContain('orders.payment.retry');
  expect([...events].filter((name) => !ownName.test(name))).toEqual([]);
});

function namesInSpans() {
  const attributes = new Set<string>();
  const events = new Set<string>();
  for (const span of service.receiver.spans) {
    for (const event of span.events) events.add(event.name);
    for (const each of [span, ...span.events, ...span.links])
      for (const name of Object.keys(each.attributes)) attributes.add(name);
  }
  return { attributes, events };
}

const ownName = /^orders\.[a-z_]+(\.[a-z_]+)?$/;
const conventional = new Set(namesOfConventions('ATTR_'));

function namesOfConventions(kind: 'ATTR_' | 'METRIC_'): string[] {
  return Object.entries<unknown>({ ...conventions }).flatMap(([constant, name]) =>
    constant.startsWith(kind) && typeof name === 'string' ? name : [],
  );
}

test('no namespace of the semantic conventions is that of a program', () => {
  const namespaces = new Set([...conventional].map((name) => name.split('.')[0]));
  expect(namespaces).toContain('http');
  expect(namespaces).not.toContain('orders');
  expect(namespaces).not.toContain('simulator');
});

test('the page of names has every attribute, event and log field', async () => {
  const page = await readFile('docs/telemetry.md', 'utf8');
  const { attributes, events } = namesInSpans();
  const fields = service.process.logs.flatMap((line) => Object.keys(line));
  const names = new Set([...attributes, ...events, ...fields, ...(await eventsInSource())]);
  expect([...names].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test('the page of names has every metric, and the names that the conventions give', async () => {
  const page = await readFile('docs/telemetry.md', 'utf8');
  const { types } = await service.scrape();
  expect(Object.keys(types).filter((family) => !page.includes(`\`${family}\``))).toEqual([]);
  const known = new Set(namesOfConventions('METRIC_'));
  const rows = page
    .slice(page.indexOf('| metric | in the conventions |'))
    .matchAll(/^\|[^|]*\| (?<given>`.*?) \|/gm);
  const given = [...rows].flatMap(
    ({ groups }) => groups?.['given']?.match(/[a-z0-9_]+(\.[a-z0-9_]+)+/g) ?? [],
  );
  expect(given).toContain('http.server.request.duration');
  expect(given.filter((name) => !known.has(name))).toEqual([]);
});

/** Read from the source, because some events happen only in rare failures. */
async function eventsInSource(): Promise<string[]> {
  const files = await readdir('src', { recursive: true });
  const sources = await Promise.all(
    files
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => readFile(path.join('src', name), 'utf8')),
  );
  return sources.flatMap((text) => [...text.matchAll(/\bevent: '([\w.]+)'/g)].map(([, event = '']) => event));
}
