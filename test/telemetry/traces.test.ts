import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { eventsOf, follow, shown } from '../support/clients/follow-request.ts';
import { printSpanTrees } from '../../lab/harness/span-tree.ts';
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
        'POST /orders [SERVER] {http.response.status_code=201, idempotency.result=placed}',
        '  orders.place [INTERNAL] {order.status=paid}',
        '    INSERT orders [CLIENT]',
        '    payment.charge [INTERNAL] {payment.outcome=succeeded, payment.attempts=1, circuit_breaker.state=closed}',
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

  test('the trace of a declined order marks no error of the service', async () => {
    const order = { ...teaOrder, paymentToken: 'tok_declined' };
    const seen = await follow(traced, 6, () => traced.api.place(order));
    expect(seen.tree).toBe(
      [
        'POST /orders [SERVER] {http.response.status_code=402, idempotency.result=placed}',
        '  orders.place [INTERNAL] {order.status=declined}',
        '    INSERT orders [CLIENT]',
        '    payment.charge [INTERNAL] {payment.outcome=declined, payment.attempts=1, circuit_breaker.state=closed}',
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
        'POST /orders [SERVER] {http.response.status_code=201, idempotency.result=replayed}',
        '  orders.place [INTERNAL] {order.status=paid}',
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

  test('the trace of a charge that recovers by a retry has one span per attempt', async () => {
    const order = { ...teaOrder, paymentToken: 'tok_error_once' };
    const seen = await follow(traced, 7, () => traced.api.place(order));
    expect(seen.tree).toBe(
      [
        'POST /orders [SERVER] {http.response.status_code=201, idempotency.result=placed}',
        '  orders.place [INTERNAL] {order.status=paid}',
        '    INSERT orders [CLIENT]',
        '    payment.charge [INTERNAL] {payment.outcome=succeeded, payment.attempts=2, circuit_breaker.state=closed}',
        '      POST /charges [CLIENT] ERROR {http.response.status_code=500, error.type=500}',
        '      POST /charges [CLIENT] {http.response.status_code=201, http.request.resend_count=1}',
        '    UPDATE orders [CLIENT]',
      ].join('\n'),
    );
    expect(eventsOf(seen.spans, 'payment.charge')).toMatchObject([
      { name: 'retry', attributes: { attempt: 1, reason: 'gateway_error', delay_ms: expect.any(Number) } },
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
  await using traced = await spawnTracedService({
    ADMISSION_LIMIT_MIN: '1',
    ADMISSION_LIMIT_MAX: '1',
    ADMISSION_QUEUE: '0',
    PAYMENT_ATTEMPT_TIMEOUT: '20s',
    PAYMENT_DEADLINE: '20s',
  });
  await traced.gateway.setFaults({ latencyMs: 2000 });
  const placing = traced.api.place();
  await expect.poll(() => traced.database.sql('SELECT FROM orders'), { timeout: 10_000 }).toHaveLength(1);
  const seen = await follow(traced, 1, () => traced.api.place());

  expect(seen.tree).toBe('POST /orders [SERVER] {http.response.status_code=429, shed.reason=queue_full}');
  expect(eventsOf(seen.spans, 'POST /orders')).toMatchObject([
    { name: 'shed', attributes: { reason: 'queue_full', priority: 'place' } },
  ]);
  expect(seen.body).toMatchObject({ requestId: seen.line['request_id'], traceId: seen.traceId });
  expect(seen.line).toMatchObject({ level: 'info', shed: 'queue_full' });
  expect(seen.counts).toEqual({
    'http_requests_total POST /orders 429': 1,
    'requests_shed_total queue_full': 1,
  });
  const shedding = await traced.line('admission.shedding', 'level', 'warn');
  expect(shedding).toMatchObject({ shed: { queue_full: 1 }, lines_suppressed: 0 });
  expect((await placing).status).toBe(201);
});

describe('an order that its request leaves pending', () => {
  test('the settlement of a pending order has its own trace, with a link to that of the request', async () => {
    await using traced = await spawnTracedService({
      PAYMENT_DEADLINE: '400ms',
      SETTLEMENT_POLL_INTERVAL: '100ms',
      // Longer than the repair of the gateway takes, so the first round succeeds.
      SETTLEMENT_BACKOFF_BASE: '1s',
      SETTLEMENT_BACKOFF_FLOOR: '1s',
      SETTLEMENT_BACKOFF_CAP: '1s',
    });
    await traced.gateway.setFaults({ timeoutRate: 1 });
    const placed = await follow(traced, 6, async () => {
      const answer = await traced.api.place();
      await traced.gateway.clearFaults();
      return answer;
    });

    expect(placed.status).toBe(202);
    expect(placed.tree).toBe(
      [
        'POST /orders [SERVER] {http.response.status_code=202, idempotency.result=placed}',
        '  orders.place [INTERNAL] {order.status=pending}',
        '    INSERT orders [CLIENT]',
        '    payment.charge [INTERNAL] ERROR {error.type=timeout, payment.outcome=unknown, payment.attempts=1, circuit_breaker.state=closed}',
        '      POST /charges [CLIENT] ERROR {error.type=TimeoutError}',
        '    UPDATE orders [CLIENT]',
      ].join('\n'),
    );
    expect(eventsOf(placed.spans, 'orders.place')).toMatchObject([
      { name: 'order.left_pending', attributes: { reason: 'timeout' } },
    ]);
    expect(placed.counts).toMatchObject({
      'http_requests_total POST /orders 202': 1,
      'circuit_breaker_calls_total payment timeout': 1,
    });

    const orderId = String(placed.line['order_id']);
    const [row] = await traced.database.sql('SELECT traceparent FROM orders WHERE id = $1', [orderId]);
    expect(row).toEqual({ traceparent: `00-${placed.traceId}-${placed.root.spanId}-01` });

    const settling = await traced.receiver.waitForSpan(({ name }) => name === 'orders.settle');
    expect(settling.traceId).not.toBe(placed.traceId);
    expect(settling).toMatchObject({
      parentSpanId: '',
      links: [{ traceId: placed.traceId, spanId: placed.root.spanId }],
      attributes: { 'order.id': orderId, 'settlement.round': 2, 'settlement.age_ms': expect.any(Number) },
    });
    expect(printSpanTrees(await traced.receiver.waitForTrace(settling.traceId, 4), shown)).toBe(
      [
        'orders.settle [CONSUMER] {order.status=paid}',
        '  payment.charge [INTERNAL] {payment.outcome=succeeded, payment.attempts=1, circuit_breaker.state=closed}',
        '    POST /charges [CLIENT] {http.response.status_code=201}',
        '  UPDATE orders [CLIENT]',
      ].join('\n'),
    );
    const settled = await traced.line('order.settled', 'order_id', orderId);
    expect(settled).toMatchObject({ trace_id: settling.traceId });
    expect(traced.gatewayLog.at(-1)).toMatchObject({
      request_id: `settle-${orderId}`,
      traceparent: expect.stringContaining(settling.traceId),
    });
  });

  test('the trace of an order under an open circuit has no attempt, and shows the reason', async () => {
    await using traced = await spawnTracedService({ BREAKER_VOLUME: '2', PAYMENT_MAX_ATTEMPTS: '1' });
    await traced.gateway.setFaults({ errorRate: 1 });
    for (let failure = 0; failure < 2; failure += 1) await traced.api.place();

    const seen = await follow(traced, 5, () => traced.api.place());
    expect(seen.tree).toBe(
      [
        'POST /orders [SERVER] {http.response.status_code=202, idempotency.result=placed}',
        '  orders.place [INTERNAL] {order.status=pending}',
        '    INSERT orders [CLIENT]',
        '    payment.charge [INTERNAL] ERROR {error.type=circuit_open, payment.outcome=unavailable, payment.attempts=1, circuit_breaker.state=open}',
        '    UPDATE orders [CLIENT]',
      ].join('\n'),
    );
    expect(eventsOf(seen.spans, 'payment.charge')).toMatchObject([{ name: 'circuit_open' }]);
    expect(seen.line).toMatchObject({ circuit_breaker: 'open', payment_outcome: 'unavailable' });
    expect(seen.counts).toMatchObject({ 'circuit_breaker_calls_total payment rejected': 1 });
    expect(Object.keys(seen.counts).join()).not.toContain('charge');
    const opened = await traced.line('circuit_breaker.changed', 'to', 'open');
    expect(opened).toHaveProperty('trace_id');
  });
});
