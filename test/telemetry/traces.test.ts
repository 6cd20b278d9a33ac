import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { eventsOf, follow } from '../support/clients/follow-request.ts';
import { approve, startScriptedGateway } from '../support/processes/scripted-gateway.ts';
import {
  exemplarTraces,
  samplesOf,
  spawnTracedService,
  type TracedService,
} from '../support/processes/traced-service.ts';

// A request in its trace, its log line, its metrics and their exemplars, each of which leads to the others.

describe('the trace of an order', () => {
  let traced: TracedService;
  beforeAll(async () => {
    traced = await spawnTracedService({ BREAKER_VOLUME: '1000', PAYMENT_BACKOFF_CAP: '20ms' });
    return () => traced[Symbol.asyncDispose]();
  });

  test('the trace of a paid order has six spans, a log line and metrics to match', async () => {
    const seen = await follow(traced, 6, () => traced.api.place());
    expect(seen.tree).toBe(
      [
        'POST /orders [SERVER] {http.response.status_code=201, orders.idempotency.result=placed}',
        '  orders.place [INTERNAL] {orders.order.status=paid}',
        '    INSERT orders [CLIENT]',
        '    payment.charge [INTERNAL] {orders.payment.outcome=succeeded, orders.payment.attempts=1, orders.circuit_breaker.state=closed}',
        '      POST /charges [CLIENT] {http.response.status_code=201}',
        '    UPDATE orders [CLIENT]',
      ].join('\n'),
    );
    expect(seen.line).toMatchObject({ level: 'info', order_status: 'paid', payment_outcome: 'succeeded' });
    expect(seen.counts).toEqual({
      'http_requests_total POST /orders 201': 1,
      'orders_total paid EUR': 1,
      'order_value_minor_total paid EUR': 900,
      'circuit_breaker_calls_total payment success': 1,
      'dependency_request_duration_seconds_count postgres place_order ok': 1,
      'dependency_request_duration_seconds_count payment charge succeeded': 1,
      'dependency_request_duration_seconds_count postgres settle_order ok': 1,
    });
    const dependency = samplesOf(await traced.scrape(), 'dependency_request_duration_seconds_bucket');
    expect(exemplarTraces({ types: {}, samples: dependency })).toContain(seen.traceId);
  });

  test('the OpenAPI document declares the header with the trace that an answer carries', async () => {
    const { headers } = await traced.api.place();
    const document: unknown = await (await fetch(`${traced.process.url}/openapi.json`)).json();
    expect(headers.has('traceparent')).toBe(true);
    expect(document).toHaveProperty([
      'paths',
      '/orders',
      'post',
      'responses',
      '201',
      'headers',
      'traceparent',
    ]);
  });

  test('the trace of a declined order marks no error of the service', async () => {
    const order = { ...teaOrder, paymentToken: 'tok_declined' };
    const seen = await follow(traced, 6, () => traced.api.place(order));
    expect(seen.tree).toBe(
      [
        'POST /orders [SERVER] {http.response.status_code=402, orders.idempotency.result=placed}',
        '  orders.place [INTERNAL] {orders.order.status=declined}',
        '    INSERT orders [CLIENT]',
        '    payment.charge [INTERNAL] {orders.payment.outcome=declined, orders.payment.attempts=1, orders.circuit_breaker.state=closed}',
        // The semantic conventions make 4xx an error of a client span.
        '      POST /charges [CLIENT] ERROR {http.response.status_code=402, error.type=402}',
        '    UPDATE orders [CLIENT]',
      ].join('\n'),
    );
    expect(seen.body).toMatchObject({ requestId: seen.line['request_id'], traceId: seen.traceId });
    expect(seen.line).toMatchObject({ level: 'info', order_status: 'declined', payment_outcome: 'declined' });
    expect(seen.counts).toMatchObject({ 'orders_total declined EUR': 1 });
  });

  test('the trace of a replayed order reads it and has no charge', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await traced.api.place(teaOrder, headers);
    const seen = await follow(traced, 5, () => traced.api.place(teaOrder, headers));
    expect(seen.tree).toBe(
      [
        'POST /orders [SERVER] {http.response.status_code=201, orders.idempotency.result=replayed}',
        '  orders.place [INTERNAL] {orders.order.status=paid}',
        '    INSERT orders [CLIENT]',
        '    SELECT orders [CLIENT]',
        '    SELECT orders [CLIENT]',
      ].join('\n'),
    );
    expect(seen.line).toMatchObject({
      idempotency: 'replayed',
      order_id: first.body.id,
      order_status: 'paid',
    });
    expect(seen.counts).toEqual({
      'http_requests_total POST /orders 201': 1,
      'dependency_request_duration_seconds_count postgres place_order ok': 1,
      'dependency_request_duration_seconds_count postgres find_order_by_key ok': 1,
      'dependency_request_duration_seconds_count postgres find_order ok': 1,
    });
  });

  test('the log line and the trace of a request that reads or cancels an order name it', async () => {
    const { body: order } = await traced.api.place();
    for (const [method, path] of [
      ['GET', `/orders/${order.id.toUpperCase()}`],
      ['POST', `/orders/${order.id}/cancel`],
    ] as const) {
      const { headers } = await traced.api.request(method, path);
      const line = await traced.requestLine(headers.get('x-request-id') ?? '');
      expect(line).toMatchObject({ method, client_id: 'shop', order_id: order.id });
      const span = await traced.receiver.waitForSpan(({ spanId }) => spanId === line['span_id']);
      expect(span.attributes).toMatchObject({ 'orders.order.id': order.id });
      // What counts lines by the status of their order counts an order once.
      expect(line).not.toHaveProperty('order_status');
    }
  });

  test('the trace of a charge that recovers by a retry has one span per attempt', async () => {
    const order = { ...teaOrder, paymentToken: 'tok_error_once' };
    const seen = await follow(traced, 7, () => traced.api.place(order));
    expect(seen.tree).toBe(
      [
        'POST /orders [SERVER] {http.response.status_code=201, orders.idempotency.result=placed}',
        '  orders.place [INTERNAL] {orders.order.status=paid}',
        '    INSERT orders [CLIENT]',
        '    payment.charge [INTERNAL] {orders.payment.outcome=succeeded, orders.payment.attempts=2, orders.circuit_breaker.state=closed}',
        '      POST /charges [CLIENT] ERROR {http.response.status_code=500, error.type=500}',
        '      POST /charges [CLIENT] {http.response.status_code=201, http.request.resend_count=1}',
        '    UPDATE orders [CLIENT]',
      ].join('\n'),
    );
    expect(eventsOf(seen.spans, 'payment.charge')).toMatchObject([
      {
        name: 'orders.payment.retry',
        attributes: {
          'orders.retry.attempt': 1,
          'orders.retry.delay_ms': expect.any(Number),
          'orders.payment.reason': 'gateway_error',
        },
      },
    ]);
    expect(seen.line).toMatchObject({ payment_attempts: 2 });
    expect(await traced.line('payment.retry', 'trace_id', seen.traceId)).toMatchObject({ level: 'warn' });
    expect(seen.counts).toMatchObject({
      'retries_total payment charge retried': 1,
      'retries_total payment charge recovered': 1,
      'circuit_breaker_calls_total payment failure': 1,
      'circuit_breaker_calls_total payment success': 1,
    });
  });

  test('the trace of an unexpected error marks all spans from the statement up to the request', async () => {
    await traced.database.sql('ALTER TABLE orders RENAME COLUMN customer_id TO elsewhere');
    const seen = await follow(traced, 3, () => traced.api.place());
    await traced.database.sql('ALTER TABLE orders RENAME COLUMN elsewhere TO customer_id');
    expect(seen.tree).toBe(
      [
        'POST /orders [SERVER] ERROR {http.response.status_code=500, error.type=500}',
        '  orders.place [INTERNAL] ERROR {error.type=42703}',
        '    INSERT orders [CLIENT] ERROR {error.type=42703}',
      ].join('\n'),
    );
    expect(seen.body).toMatchObject({ code: 'internal_error', traceId: seen.traceId });
    expect(traced.lines('http.defect')).toMatchObject([{ level: 'error', trace_id: seen.traceId }]);
    expect(seen.counts).toEqual({
      'http_requests_total POST /orders 500': 1,
      'dependency_request_duration_seconds_count postgres place_order error': 1,
    });
  });

  test('the trace of the caller continues through the service to the gateway', async () => {
    const caller = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) };
    const headers = {
      traceparent: `00-${caller.traceId}-${caller.spanId}-01`,
      'x-request-id': `order-${randomUUID()}`,
    };
    const seen = await follow(traced, 6, () => traced.api.place(teaOrder, headers));
    expect(seen.traceId).toBe(caller.traceId);
    expect(seen.line).toMatchObject({ request_id: headers['x-request-id'] });
    expect(seen.root.parentSpanId).toBe(caller.spanId);
    const attempt = seen.spans.find(({ name }) => name === 'POST /charges');
    expect(traced.gatewayLog.at(-1)).toMatchObject({
      request_id: headers['x-request-id'],
      traceparent: `00-${caller.traceId}-${attempt?.spanId}-01`,
    });
  });

  test.each(['nonsense', `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`])(
    'a new trace starts if the traceparent of the caller is invalid: %s',
    async (traceparent) => {
      const seen = await follow(traced, 6, () => traced.api.place(teaOrder, { traceparent }));
      expect(seen.spans.find(({ kind }) => kind === 'SERVER')).toMatchObject({ parentSpanId: '' });
    },
  );
});

test('a shed request shows the reason in its span, response, log line and metrics', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  await using gateway = await startScriptedGateway((charge) => released.then(() => approve(charge)));
  await using traced = await spawnTracedService({
    PAYMENT_GATEWAY_URL: gateway.url,
    ADMISSION_LIMIT_MIN: '1',
    ADMISSION_LIMIT_MAX: '1',
    ADMISSION_QUEUE: '0',
    PAYMENT_ATTEMPT_TIMEOUT: '20s',
    PAYMENT_DEADLINE: '20s',
  });
  const placing = traced.api.place();
  await expect.poll(() => gateway.charges).toHaveLength(1);
  const seen = await follow(traced, 1, () => traced.api.place());

  expect(seen.tree).toBe(
    'POST /orders [SERVER] {http.response.status_code=429, orders.shed.reason=queue_full}',
  );
  expect(eventsOf(seen.spans, 'POST /orders')).toMatchObject([
    {
      name: 'orders.request.shed',
      attributes: { 'orders.shed.reason': 'queue_full', 'orders.shed.priority': 'place' },
    },
  ]);
  expect(seen.body).toMatchObject({ requestId: seen.line['request_id'], traceId: seen.traceId });
  expect(seen.line).toMatchObject({ level: 'info', shed: 'queue_full' });
  expect(seen.counts).toEqual({
    'http_requests_total POST /orders 429': 1,
    'requests_shed_total queue_full': 1,
  });
  const shedding = await traced.line('admission.shedding', 'level', 'warn');
  expect(shedding).toMatchObject({ requests_shed: { queue_full: 1 }, lines_suppressed: 0 });
  release();
  expect((await placing).status).toBe(201);
});

test('a request over the limit of its client shows the reason in its span, log line and metrics', async () => {
  await using traced = await spawnTracedService({ RATE_LIMIT_MAX: '1', RATE_LIMIT_WINDOW: '1m' });
  await traced.api.place();
  const seen = await follow(traced, 1, () => traced.api.place());
  expect(seen.tree).toBe(
    'POST /orders [SERVER] {http.response.status_code=429, orders.shed.reason=rate_limited}',
  );
  expect(seen.line).toMatchObject({ shed: 'rate_limited', client_id: 'shop' });
  expect(seen.counts).toEqual({
    'http_requests_total POST /orders 429': 1,
    'requests_shed_total rate_limited': 1,
  });
});

test('a connection to Postgres that ends without a word has a name in the trace', async () => {
  const server = createServer((socket) => socket.once('data', () => socket.end()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await using traced = await spawnTracedService({
    DATABASE_URL: `postgres://orders@127.0.0.1:${port}/orders`,
    // Long enough for a retry on a busy machine.
    DATABASE_DEADLINE: '2s',
  });
  const seen = await follow(traced, 3, () => traced.api.place());
  server.close();
  expect(seen.tree).toBe(
    [
      'POST /orders [SERVER] ERROR {http.response.status_code=503, error.type=503}',
      '  orders.place [INTERNAL] ERROR {error.type=database_unavailable}',
      '    INSERT orders [CLIENT] ERROR {error.type=connection_lost}',
    ].join('\n'),
  );
  expect(eventsOf(seen.spans, 'INSERT orders')[0]).toMatchObject({
    name: 'orders.postgres.retry',
    attributes: { 'error.type': 'connection_lost' },
  });
});
