import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { type Exposition, parseExposition } from '../../lab/harness/exposition.ts';
import { pathOf } from '../../lab/harness/path-of.ts';
import { startRedisServer } from '../../lab/harness/redis-server.ts';
import { teaOrder } from '../support/clients/api-client.ts';
import {
  eachWithTracedService,
  exemplarTraces,
  samplesOf,
  type TracedService,
  valueOf,
} from '../support/processes/traced-service.ts';

const spawn = eachWithTracedService();

async function scrapeText({ process }: TracedService): Promise<string> {
  const response = await fetch(`${process.adminUrl}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return response.text();
}

/** What promtool says, but for names that end in `_count`, which the conventions and the specification choose. */
function complaintsOfPromtool(text: string): string[] {
  if (pathOf('promtool') === undefined && process.env['CI'] === undefined) return [];
  const { stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  if (error) throw error;
  return (stdout + stderr)
    .split('\n')
    .filter((line) => line !== '' && !line.includes('should not have "_count" suffix'));
}

/** Counts of a histogram by label values, such as `{"POST 201": 3}`. */
function counts(exposition: Exposition, name: string, labels: readonly string[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const sample of samplesOf(exposition, `${name}_count`)) {
    const key = labels.map((label) => sample.labels[label] ?? '').join(' ');
    sums[key] = (sums[key] ?? 0) + sample.value;
  }
  return sums;
}

test('METRICS_NAMES=both shows the same counts under both names, in both formats', async () => {
  await using redis = await startRedisServer();
  const service = await spawn({
    METRICS_NAMES: 'both',
    REDIS_URL: redis.url,
    TRUST_PROXY: '1',
    PAYMENT_MAX_ATTEMPTS: '2',
  });
  const paid = await service.api.place();
  await service.api.place({ ...teaOrder, paymentToken: 'tok_declined' });
  await service.api.place({ ...teaOrder, paymentToken: 'tok_error_once' });
  for (let read = 0; read < 3; read += 1)
    await service.api.request('GET', `/orders/${paid.body.id}`, {
      headers: { 'x-forwarded-proto': 'https' },
    });
  await service.api.refused('GET', '/nowhere');
  await service.database.sql('ALTER TABLE orders RENAME COLUMN customer_id TO elsewhere');
  expect((await service.api.place()).status).toBe(500);
  // Another connection is free for the scrape: it does not count as a request.
  const exposition = await service.scrape();

  const requests = counts(exposition, 'http_server_request_duration_seconds', [
    'http_request_method',
    'http_route',
    'http_response_status_code',
  ]);
  expect(requests).toMatchObject({ 'POST /orders 201': 2, 'POST /orders 402': 1, 'GET  404': 1 });
  const sorted = (values: number[]) => values.toSorted((a, b) => a - b);
  const own = counts(exposition, 'http_request_duration_seconds', ['method', 'route', 'status_code']);
  expect(sorted(Object.values(requests))).toEqual(sorted(Object.values(own)));
  const https = { http_route: '/orders/:id', url_scheme: 'https', network_protocol_version: '1.1' };
  expect(valueOf(exposition, 'http_server_request_duration_seconds_count', https)).toBe(3);
  const failed = { http_response_status_code: '500', error_type: '500' };
  expect(valueOf(exposition, 'http_server_request_duration_seconds_count', failed)).toBe(1);
  expect(valueOf(exposition, 'http_server_active_requests')).toBe(
    valueOf(exposition, 'http_requests_in_flight'),
  );

  for (const [dependency, system] of [
    ['postgres', 'postgresql'],
    ['redis', 'redis'],
  ] as const) {
    const ofSystem = samplesOf(exposition, 'db_client_operation_duration_seconds_count', {
      db_system_name: system,
    });
    expect(ofSystem.reduce((sum, { value }) => sum + value, 0)).toBe(
      valueOf(exposition, 'dependency_request_duration_seconds_count', { dependency }),
    );
    expect(ofSystem[0]?.labels).toMatchObject({
      server_address: '127.0.0.1',
      server_port: expect.any(String),
    });
  }
  const statement = {
    db_query_summary: 'INSERT orders',
    db_operation_name: 'INSERT',
    db_collection_name: 'orders',
  };
  const broken = { ...statement, error_type: '42703', db_response_status_code: '42703' };
  expect(valueOf(exposition, 'db_client_operation_duration_seconds_count', broken)).toBe(1);

  // Each attempt is a request; the last order was never charged.
  const port = new URL(service.gateway.url).port;
  expect(
    counts(exposition, 'http_client_request_duration_seconds', [
      'http_request_method',
      'server_address',
      'server_port',
      'http_response_status_code',
      'error_type',
    ]),
  ).toEqual({
    [`POST 127.0.0.1 ${port} 201 `]: 2,
    [`POST 127.0.0.1 ${port} 402 402`]: 1,
    [`POST 127.0.0.1 ${port} 500 500`]: 1,
  });

  const pool = samplesOf(exposition, 'db_client_connection_count');
  expect(pool.reduce((sum, { value }) => sum + value, 0)).toBe(
    valueOf(exposition, 'pg_pool_connections', { state: 'total' }),
  );
  expect(
    exemplarTraces({
      types: {},
      samples: samplesOf(exposition, 'http_server_request_duration_seconds_bucket'),
    }),
  ).toEqual(
    expect.arrayContaining(
      exemplarTraces({
        types: {},
        samples: samplesOf(exposition, 'http_request_duration_seconds_bucket', { status_code: '402' }),
      }),
    ),
  );

  const text = await scrapeText(service);
  const plain = parseExposition(text, 'prometheus');
  expect(
    plain.samples.filter(({ name }) => name === 'http_server_request_duration_seconds_count'),
  ).toHaveLength(samplesOf(exposition, 'http_server_request_duration_seconds_count').length);
  expect(complaintsOfPromtool(text)).toEqual([]);
  expect(service.lines('config.warning')).toEqual([]);
});

test('METRICS_NAMES=opentelemetry has the names of the conventions alone, and warns that alerts are blind', async () => {
  const service = await spawn({ METRICS_NAMES: 'opentelemetry' });
  await service.api.place();
  const { types, samples } = await service.scrape();
  expect(types).toMatchObject({
    http_server_request_duration_seconds: 'histogram',
    db_client_connection_max: 'gauge',
    nodejs_eventloop_utilization_ratio: 'gauge',
    nodejs_eventloop_time_seconds: 'counter',
    v8js_gc_duration_seconds: 'histogram',
    v8js_memory_heap_space_physical_size_bytes: 'gauge',
    process_cpu_time_seconds: 'counter',
    // The conventions know no orders.
    orders: 'counter',
    circuit_breaker_state: 'gauge',
  });
  const replaced =
    /^(http_request(s$|_duration)|nodejs_(eventloop_lag_p|gc|heap_space)|process_(cpu_seconds|resident|open_fds)|pg_pool)/;
  expect(Object.keys(types).filter((name) => replaced.test(name))).toEqual([]);
  const own = samples.filter(({ name }) => name === 'dependency_request_duration_seconds_count');
  expect(own.map(({ labels }) => labels['dependency'])).toEqual(['payment']);
  expect(complaintsOfPromtool(await scrapeText(service))).toEqual([]);

  const warnings = service.lines('config.warning').map(({ msg }) => msg);
  expect(warnings).toEqual([expect.stringContaining('METRICS_NAMES=both has all')]);
});
