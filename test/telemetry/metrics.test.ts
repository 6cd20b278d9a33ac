import { request } from 'node:http';
import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { newTraceparent } from '../support/clients/trace-context.ts';
import { parseExposition } from '../../lab/harness/exposition.ts';
import { samplesOf, eachWithTracedService, valueOf } from '../support/processes/traced-service.ts';

const spawn = eachWithTracedService();

/** Type and labels by name, as dashboards and alerts read them. The metrics of the process are below. */
const contract: Readonly<Record<string, [type: string, labels: string[]]>> = {
  admission_in_flight: ['gauge', []],
  admission_limit: ['gauge', []],
  admission_queue_depth: ['gauge', []],
  auth_failures: ['counter', ['reason']],
  cache_requests: ['counter', ['cache', 'result']],
  circuit_breaker_calls: ['counter', ['breaker', 'outcome']],
  circuit_breaker_state: ['gauge', ['breaker', 'state']],
  circuit_breaker_transitions: ['counter', ['breaker', 'from', 'to']],
  dependency_request_duration_seconds: ['histogram', ['dependency', 'operation', 'outcome']],
  http_connections: ['gauge', ['listener']],
  http_connections_refused: ['counter', ['listener']],
  http_request_duration_seconds: ['histogram', ['method', 'route', 'status_code']],
  http_requests: ['counter', ['method', 'route', 'status_code']],
  http_requests_in_flight: ['gauge', []],
  http_requests_unreadable: ['counter', ['listener', 'status_code']],
  http_unread_answer_bytes: ['gauge', ['listener']],
  log_messages: ['counter', ['level']],
  order_settlement_duration_seconds: ['histogram', ['outcome']],
  order_value_minor: ['counter', ['currency', 'status']],
  orders: ['counter', ['currency', 'status']],
  orders_pending: ['gauge', []],
  orders_pending_oldest_seconds: ['gauge', []],
  payment_pause_seconds: ['gauge', []],
  payment_suspended: ['gauge', ['scope']],
  pg_batch_rows: ['histogram', ['statement']],
  pg_batch_rows_waiting: ['gauge', ['write']],
  pg_batches_in_flight: ['gauge', ['write']],
  pg_pool_connections: ['gauge', ['state']],
  requests_shed: ['counter', ['reason']],
  retries: ['counter', ['dependency', 'operation', 'result']],
  telemetry_dropped: ['counter', ['reason', 'signal']],
};
const ofProcess = [
  'nodejs_eventloop_lag_seconds',
  'nodejs_heap_size_limit_bytes',
  'nodejs_heap_size_used_bytes',
  'process_cpu_seconds',
  'process_disk_read_bytes',
  'process_disk_written_bytes',
  'process_resident_memory_bytes',
  'system_cpu_utilization_ratio',
  'system_memory_used_bytes',
];
const suffixes: Readonly<Record<string, string>> = { counter: '_total', gauge: '', histogram: '_count' };

test('the service exposes exactly the metrics of the contract, with their types and labels', async () => {
  const service = await spawn({ BREAKER_VOLUME: '2', PAYMENT_MAX_ATTEMPTS: '2' });
  // One card: the circuit would open for one of two alone.
  const order = { ...teaOrder, paymentToken: 'tok_error_once' };
  await service.api.place(order);
  await service.gateway.setFaults({ errorRate: 1 });
  for (let failure = 0; failure < 2; failure += 1) await service.api.place(order);
  const exposition = await service.scrape();

  const exposed = Object.fromEntries(
    Object.entries(exposition.types)
      .filter(([name]) => !/^(process|nodejs|system)_/.test(name))
      .map(([name, type]) => {
        const samples = samplesOf(exposition, `${name}${suffixes[type]}`);
        const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels)));
        return [name, [type, [...labels].toSorted()]];
      }),
  );
  expect(exposed).toEqual(contract);
  expect(Object.keys(exposition.types)).toEqual(expect.arrayContaining(ofProcess));
});

test('a scrape is valid OpenMetrics, and series that alerts read start at 0', async () => {
  const service = await spawn();
  const headers = { accept: 'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.3,*/*;q=0.2' };
  const response = await fetch(`${service.process.adminUrl}/metrics`, { headers });
  expect(response.headers.get('vary')).toBe('Accept');
  expect(response.headers.get('content-type')).toBe(
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  );
  const exposition = parseExposition(await response.text(), 'openmetrics');
  // `rate` over a series that starts with its first error misses that error.
  for (const [name, labels] of [
    ['log_messages_total', { level: 'error' }],
    ['auth_failures_total', { reason: 'unknown' }],
    ['cache_requests_total', { result: 'error' }],
    ['requests_shed_total', { reason: 'rate_limited' }],
    ['requests_shed_total', { reason: 'queue_full' }],
    ['requests_shed_total', { reason: 'queue_timeout' }],
    ['requests_shed_total', { reason: 'event_loop' }],
    ['requests_shed_total', { reason: 'client_gone' }],
    ['telemetry_dropped_total', { signal: 'traces' }],
    ['telemetry_dropped_total', { signal: 'logs' }],
    ['circuit_breaker_calls_total', { outcome: 'rejected' }],
  ] as const) {
    const samples = samplesOf(exposition, name, labels);
    expect(samples.map(({ value }) => value)).toEqual(samples.map(() => 0));
    expect(samples.length, name).toBeGreaterThan(0);
  }
});

test('gauges show the state of the circuit breaker, the backlog and the pool', async () => {
  const service = await spawn({
    BREAKER_VOLUME: '2',
    BREAKER_OPEN_FOR: '1h',
    PAYMENT_MAX_ATTEMPTS: '1',
    // The worker counts the backlog, and finds no order due.
    SETTLEMENT_POLL_INTERVAL: '50ms',
  });
  await service.gateway.setFaults({ errorRate: 1 });
  for (let failure = 0; failure < 2; failure += 1) await service.api.place();
  await expect.poll(async () => valueOf(await service.scrape(), 'orders_pending')).toBe(2);
  const exposition = await service.scrape();

  const states = samplesOf(exposition, 'circuit_breaker_state').map(
    ({ labels, value }) => `${labels['breaker']} ${labels['state']} ${value}`,
  );
  expect(states).toEqual([
    'payment closed 0',
    'payment open 1',
    'payment half_open 0',
    'settlement closed 1',
    'settlement open 0',
    'settlement half_open 0',
  ]);
  expect(valueOf(exposition, 'circuit_breaker_transitions_total', { from: 'closed', to: 'open' })).toBe(1);
  expect(valueOf(exposition, 'orders_pending_oldest_seconds')).toBeGreaterThan(0);
  expect(valueOf(exposition, 'pg_pool_connections', { state: 'total' })).toBeGreaterThan(0);
  expect(valueOf(exposition, 'http_requests_in_flight')).toBe(0);
});

/** Some are methods that Node parses and the service does not know. */
const methods = [
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'PROPFIND',
  'MKCOL',
  'PURGE',
  'LOCK',
  'SEARCH',
];

test('requests with random paths, methods, headers and keys add no series', async () => {
  const service = await spawn({ LOG_LEVEL: 'error' });
  const attack = async (count: number) => {
    const queue = Array.from({ length: count }, (_, index) => index).values();
    const lanes = Array.from({ length: 16 }, async () => {
      for (const index of queue) await sendAnything(service.process.url, index);
    });
    await Promise.all(lanes);
  };
  const seriesOf = async () => {
    const { samples } = await service.scrape();
    // A kind of garbage collection has its series from its first run on, whatever was requested.
    const ofRequests = samples.filter(({ name }) => !name.startsWith('nodejs_gc_'));
    return new Set(ofRequests.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`));
  };

  // After these, each kind of refusal has its series.
  await attack(200);
  const before = await seriesOf();
  await attack(2000);
  expect([...(await seriesOf())].filter((series) => !before.has(series))).toEqual([]);

  const seen = samplesOf(await service.scrape(), 'http_requests_total');
  expect(new Set(seen.map(({ labels }) => labels['method']))).toEqual(
    new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', '_OTHER']),
  );
  expect(seen.length).toBeLessThan(40);
});

/** Random in every part of a request that a client chooses. */
async function sendAnything(url: string, index: number): Promise<void> {
  const noise = () => randomBytes(8).toString('hex');
  const path = [`/${noise()}`, `/orders/${randomUUID()}`, `/orders/${noise()}?${noise()}=1`, '/orders'][
    index % 4
  ];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sent = request(`${url}${path}`, {
    method: methods[index % methods.length],
    headers: {
      authorization: index % 3 === 0 ? 'Bearer shop-key' : `Bearer ${noise()}`,
      'x-request-id': noise(),
      'user-agent': noise(),
      'idempotency-key': noise(),
      traceparent: newTraceparent(),
      [`x-${noise()}`]: noise(),
    },
  });
  sent.on('response', (response) => response.resume().on('end', resolve).on('error', reject));
  sent.on('error', reject);
  sent.end();
  await promise;
}
