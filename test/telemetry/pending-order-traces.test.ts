import { describe, expect, test } from 'vitest';
import { eventsOf, follow, shown } from '../support/clients/follow-request.ts';
import { printSpanTrees } from '../../lab/harness/span-tree.ts';
import { spawnTracedService } from '../support/processes/traced-service.ts';

describe('an order that its request leaves pending', () => {
  test('the settlement of a pending order has its own trace, with a link to that of the request', async () => {
    await using traced = await spawnTracedService({
      PAYMENT_DEADLINE: '400ms',
      SETTLEMENT_POLL_INTERVAL: '100ms',
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
        'POST /orders [SERVER] {http.response.status_code=202, orders.idempotency.result=placed}',
        '  orders.place [INTERNAL] {orders.order.status=pending}',
        '    INSERT orders [CLIENT]',
        '    payment.charge [INTERNAL] ERROR {error.type=timeout, orders.payment.outcome=unknown, orders.payment.attempts=1, orders.circuit_breaker.state=closed}',
        '      POST /charges [CLIENT] ERROR {error.type=TimeoutError}',
        '    UPDATE orders [CLIENT]',
      ].join('\n'),
    );
    expect(eventsOf(placed.spans, 'orders.place')).toMatchObject([
      { name: 'orders.order.left_pending', attributes: { 'orders.payment.reason': 'timeout' } },
    ]);
    expect(placed.counts).toMatchObject({
      'http_requests_total POST /orders 202': 1,
      'circuit_breaker_calls_total payment timeout': 1,
    });

    const orderId = String(placed.line['order_id']);
    const [row] = await traced.database.sql('SELECT traceparent FROM orders WHERE id = $1', [orderId]);
    expect(row).toEqual({ traceparent: `00-${placed.traceId}-${placed.root.spanId}-03` });

    // Only now, so the first round succeeds.
    await traced.database.sql('UPDATE orders SET due_at = now()');
    const settling = await traced.receiver.waitForSpan(({ name }) => name === 'orders.settle');
    expect(settling.traceId).not.toBe(placed.traceId);
    expect(settling).toMatchObject({
      parentSpanId: '',
      links: [{ traceId: placed.traceId, spanId: placed.root.spanId }],
      attributes: {
        'orders.order.id': orderId,
        'orders.settlement.round': 2,
        'orders.settlement.age_ms': expect.any(Number),
      },
    });
    expect(printSpanTrees(await traced.receiver.waitForTrace(settling.traceId, 4), shown)).toBe(
      [
        'orders.settle [CONSUMER] {orders.order.status=paid}',
        '  payment.charge [INTERNAL] {orders.payment.outcome=succeeded, orders.payment.attempts=1, orders.circuit_breaker.state=closed}',
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
    await traced.gateway.setFaults({ resetRate: 1 });
    const lost = await follow(traced, 6, () => traced.api.place());
    // The code that the system gave the fault: https://man7.org/linux/man-pages/man3/errno.3.html
    expect(lost.spans.find(({ name }) => name === 'payment.charge')).toMatchObject({
      status: { message: 'connection_lost' },
      attributes: { 'error.type': 'ECONNRESET', 'orders.payment.reason': 'connection_lost' },
    });
    expect(lost.tree).toContain('POST /charges [CLIENT] ERROR {error.type=ECONNRESET}');
    await traced.gateway.setFaults({ errorRate: 1 });
    await traced.api.place();

    const seen = await follow(traced, 5, () => traced.api.place());
    expect(seen.tree).toBe(
      [
        'POST /orders [SERVER] {http.response.status_code=202, orders.idempotency.result=placed}',
        '  orders.place [INTERNAL] {orders.order.status=pending}',
        '    INSERT orders [CLIENT]',
        '    payment.charge [INTERNAL] ERROR {error.type=circuit_open, orders.payment.outcome=unavailable, orders.payment.attempts=1, orders.circuit_breaker.state=open}',
        '    UPDATE orders [CLIENT]',
      ].join('\n'),
    );
    expect(eventsOf(seen.spans, 'payment.charge')).toMatchObject([{ name: 'orders.payment.circuit_open' }]);
    expect(seen.line).toMatchObject({ circuit_breaker: 'open', payment_outcome: 'unavailable' });
    expect(seen.counts).toMatchObject({ 'circuit_breaker_calls_total payment rejected': 1 });
    expect(Object.keys(seen.counts).join()).not.toContain('charge');
    const opened = await traced.line('circuit_breaker.changed', 'to', 'open');
    expect(opened).toHaveProperty('trace_id');
  });
});
