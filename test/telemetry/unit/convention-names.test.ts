import { readFile } from 'node:fs/promises';
import * as metricNames from '@opentelemetry/semantic-conventions/incubating';
import { expect, test } from 'vitest';
import { type ExposedSample, parseExposition } from '../../../lab/harness/exposition.ts';
import { conventions, labelName, prometheusName } from '../../../src/telemetry/metrics/conventions.ts';
import { schemaUrl } from '../../../src/telemetry/version.ts';
import { createMetrics } from '../../../src/telemetry/metrics/metrics.ts';

const known = new Set(
  Object.entries<unknown>({ ...metricNames }).flatMap(([constant, name]) =>
    /^(METRIC|ATTR)_/.test(constant) && typeof name === 'string' ? name : [],
  ),
);

test('every metric and attribute of the table is one of the semantic conventions', () => {
  const names = conventions.flatMap(({ name, attributes }) => [name, ...Object.keys(attributes)]);
  expect(names.filter((name) => !known.has(name))).toEqual([]);
  expect(new Set(conventions.map(({ name }) => name)).size).toBe(conventions.length);
});

test('telemetry says that it follows the version that its names are compared with', async () => {
  const { devDependencies } = JSON.parse(await readFile('package.json', 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const version = devDependencies['@opentelemetry/semantic-conventions'];
  expect(schemaUrl).toBe(`https://opentelemetry.io/schemas/${version}`);
});

// https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#otlp-metric-points-to-prometheus
test.each([
  [
    { name: 'http.server.request.duration', unit: 's', type: 'histogram' },
    'http_server_request_duration_seconds',
  ],
  [{ name: 'http.server.active_requests', unit: '{request}', type: 'gauge' }, 'http_server_active_requests'],
  [{ name: 'nodejs.eventloop.utilization', unit: '1', type: 'gauge' }, 'nodejs_eventloop_utilization_ratio'],
  [{ name: 'process.disk.io', unit: 'By', type: 'counter' }, 'process_disk_io_bytes_total'],
] as const)('the specification names %j %s in Prometheus', (metric, name) => {
  expect(prometheusName(metric)).toBe(name);
});

/** The rows of the table of metrics, as the names in their cells. */
async function rowsOfPage(): Promise<Array<{ own: string[]; name: string[]; attributes: string[] }>> {
  const page = await readFile('docs/telemetry.md', 'utf8');
  const section = page.slice(page.indexOf('| metric | in the conventions |'));
  const rows = section.slice(0, section.indexOf('\n\n')).split('\n').slice(2);
  return rows.map((row) => {
    const [own = [], name = [], rest = []] = row
      .split('|')
      .slice(1)
      .map((cell) => [...cell.matchAll(/`([a-z0-9_.]+)`/g)].map(([, each = '']) => each));
    return { own, name, attributes: [...new Set(rest)].filter((each) => known.has(each)) };
  });
}

test('the page of names maps each metric as the table does', async () => {
  const rows = await rowsOfPage();
  const inOrder = (names: string[]) => names.toSorted((a, b) => a.localeCompare(b));
  const onPage = rows.flatMap(({ own, name, attributes }) =>
    name.map((each) => [each, { own: inOrder(own), attributes: inOrder(attributes) }] as const),
  );
  const inCode = conventions.map(
    ({ name, own, attributes }) =>
      [
        name,
        {
          own: inOrder(own.map((each) => each.replace(/_total$/, ''))),
          attributes: inOrder(Object.keys(attributes)),
        },
      ] as const,
  );
  expect(onPage).toHaveLength(inCode.length);
  expect(Object.fromEntries(onPage)).toEqual(Object.fromEntries(inCode));
});

/** The same traffic under each setting. */
async function scrape(names: 'prometheus' | 'opentelemetry' | 'both') {
  const metrics = createMetrics({ names });
  metrics.registerGauges(idle);
  for (const [index, milliseconds] of [1, 60, 70, 80, 600, 800, 6000].entries()) {
    const trace = String(index).repeat(32);
    metrics.requestStarted('POST', 'https');
    metrics.requestEnded(
      { method: 'POST', route: '/orders', status: 201, scheme: 'https', version: '1.1' },
      milliseconds,
      trace,
    );
    for (const operation of ['find_order', 'find_order_by_key'])
      metrics.dependency('postgres', operation, 'ok', milliseconds, undefined, { summary: 'SELECT orders' });
  }
  for (const status of [404, 499, 503])
    metrics.requestEnded({ method: 'GET', route: 'unknown', status, scheme: 'http', version: '1.0' }, 1);
  const failed = { summary: 'INSERT orders', error: '40001', status: '40001' };
  metrics.dependency('postgres', 'place_order', 'error', 3, undefined, failed);
  metrics.dependency('redis', 'GET', 'timeout', 20, undefined, { error: 'timeout' });
  metrics.dependency('payment', 'charge', 'succeeded', 5);
  return parseExposition(await metrics.render('openmetrics'), 'openmetrics');
}

const idle = {
  pool: () => ({ total: 5, idle: 2, waiting: 1 }),
  batches: () => ({}),
  circuits: () => ({}),
  admission: () => ({ inFlight: 0, queued: 0, limit: 0 }),
};

const seriesOf = (samples: readonly ExposedSample[], name: string) =>
  samples
    .filter((sample) => sample.name === name)
    .map(({ labels, value }) => Object.assign({ value }, labels));

const ofPost = {
  http_request_method: 'POST',
  url_scheme: 'https',
  http_route: '/orders',
  http_response_status_code: '201',
  network_protocol_version: '1.1',
  value: 7,
};
const ofGet = { http_request_method: 'GET', url_scheme: 'http', network_protocol_version: '1.0', value: 1 };
const requestSeries = [
  ofPost,
  // Of a route that does not exist, of a client that went away, and of a failure.
  { ...ofGet, http_response_status_code: '404' },
  { ...ofGet, error_type: 'client_gone' },
  { ...ofGet, http_response_status_code: '503', error_type: '503' },
];

test('METRICS_NAMES=both shows each request under both names, with the attributes of the conventions', async () => {
  const { samples, types } = await scrape('both');
  expect(types['http_server_request_duration_seconds']).toBe('histogram');
  expect(seriesOf(samples, 'http_server_request_duration_seconds_count')).toEqual(requestSeries);
  expect(seriesOf(samples, 'http_request_duration_seconds_count')).toEqual([
    { method: 'POST', route: '/orders', status_code: '201', value: 7 },
    ...['404', '499', '503'].map((status) => ({
      method: 'GET',
      route: 'unknown',
      status_code: status,
      value: 1,
    })),
  ]);
  expect(seriesOf(samples, 'db_client_operation_duration_seconds_count')).toEqual([
    {
      db_system_name: 'postgresql',
      db_operation_name: 'SELECT',
      db_collection_name: 'orders',
      db_query_summary: 'SELECT orders',
      value: 14,
    },
    {
      db_system_name: 'postgresql',
      db_operation_name: 'INSERT',
      db_collection_name: 'orders',
      db_query_summary: 'INSERT orders',
      db_response_status_code: '40001',
      error_type: '40001',
      value: 1,
    },
    { db_system_name: 'redis', db_operation_name: 'GET', error_type: 'timeout', value: 1 },
  ]);
  expect(seriesOf(samples, 'db_client_connection_count')).toEqual([
    { db_client_connection_pool_name: 'postgresql', db_client_connection_state: 'idle', value: 2 },
    { db_client_connection_pool_name: 'postgresql', db_client_connection_state: 'used', value: 3 },
  ]);
});

test('METRICS_NAMES=both counts in the buckets that each side has, and an exemplar stays in its bucket', async () => {
  const { samples } = await scrape('both');
  const buckets = (name: string, label: string) =>
    samples
      .filter(({ name: each, labels }) => each === `${name}_bucket` && labels[label] === '/orders')
      .map(({ labels: { le }, value, exemplar }) =>
        [le, value, exemplar?.value].filter((each) => each !== undefined),
      );
  // Of 1, 60, 70, 80, 600, 800 and 6000 ms. The newest of 60 and 70 ms stands for the bucket of both.
  expect(buckets('http_server_request_duration_seconds', 'http_route')).toEqual([
    ['0.005', 1, 0.001],
    ['0.01', 1],
    ['0.025', 1],
    ['0.05', 1],
    ['0.075', 3, 0.07],
    ['0.1', 4, 0.08],
    ['0.25', 4],
    ['0.5', 4],
    ['0.75', 5, 0.6],
    ['1.0', 6, 0.8],
    ['2.5', 6],
    ['5.0', 6],
    ['7.5', 7, 6],
    ['10.0', 7],
    ['+Inf', 7],
  ]);
  const own = buckets('http_request_duration_seconds', 'route');
  expect(own).toHaveLength(16);
  expect(own.map(([, value]) => value)).toEqual([1, 1, 1, 1, 1, 4, 4, 4, 4, 4, 4, 5, 6, 6, 6, 7]);
});

/** The one metric that both sides call the same. */
const sameName = 'system_cpu_utilization_ratio';

/** What a scrape shows of the service, without the values of the process. */
const shapeOf = ({ samples }: { samples: readonly ExposedSample[] }) =>
  samples
    .filter(({ name }) => !/^(process|nodejs|system)_/.test(name))
    .map(({ name, labels, value }) => JSON.stringify([name, labels, value]));

test('METRICS_NAMES=both changes nothing of the names of the service', async () => {
  const shown = new Set(shapeOf(await scrape('both')));
  const alone = await scrape('prometheus');
  expect(shapeOf(alone).filter((series) => !shown.has(series))).toEqual([]);
  const names = new Set(conventions.map(prometheusName));
  names.delete(sameName);
  expect(Object.keys(alone.types).filter((name) => names.has(name))).toEqual([]);
});

test('METRICS_NAMES=opentelemetry leaves out what has a name in the conventions, and nothing else', async () => {
  const [both, alone] = await Promise.all([scrape('both'), scrape('opentelemetry')]);
  const replaced = conventions
    .filter(({ where }) => where === undefined)
    .flatMap(({ own }) => own.map((name) => name.replace(/_total$/, '')))
    .filter((name) => name !== sameName);
  expect(Object.keys(alone.types).filter((name) => replaced.includes(name))).toEqual([]);
  // Within one tick of the kernel's clock this one has no value.
  const kept = Object.keys(both.types).filter((name) => ![...replaced, sameName].includes(name));
  expect(kept.filter((name) => !(name in alone.types))).toEqual([]);
  // The outcome of a payment has no name there.
  expect(seriesOf(alone.samples, 'dependency_request_duration_seconds_count')).toEqual([
    { dependency: 'payment', operation: 'charge', outcome: 'succeeded', value: 1 },
  ]);
  expect(seriesOf(both.samples, 'dependency_request_duration_seconds_count')).toHaveLength(5);
});

test('every label of a metric of the conventions is one of its attributes', async () => {
  const { samples } = await scrape('opentelemetry');
  const wrong = conventions.flatMap((convention) => {
    const name = prometheusName(convention);
    const allowed = new Set(['le', ...Object.keys(convention.attributes).map(labelName)]);
    return samples
      .filter((sample) => sample.name.startsWith(name))
      .flatMap(({ labels }) => Object.keys(labels).filter((label) => !allowed.has(label)))
      .map((label) => `${name} ${label}`);
  });
  expect(wrong).toEqual([]);
});
