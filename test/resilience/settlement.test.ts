import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type OrderBody, type ProblemBody, teaOrder } from '../support/clients/api-client.ts';
import { type SpawnedService, spawnReplica, spawnService } from '../support/processes/spawn-service.ts';

/** Short leases and waits, so that a settlement takes milliseconds and not seconds. */
const quick = {
  PAYMENT_ATTEMPT_TIMEOUT: '150ms',
  PAYMENT_DEADLINE: '200ms',
  PAYMENT_MAX_ATTEMPTS: '1',
  BREAKER_VOLUME: '1000',
  SETTLEMENT_POLL_INTERVAL: '50ms',
  SETTLEMENT_ATTEMPT_TIMEOUT: '300ms',
  SETTLEMENT_BACKOFF_BASE: '50ms',
  SETTLEMENT_BACKOFF_FLOOR: '10ms',
  SETTLEMENT_BACKOFF_CAP: '100ms',
};

describe('orders that a request left pending', () => {
  let service: SpawnedService;
  beforeAll(async () => {
    service = await spawnService(quick);
    return () => service.close();
  });
  afterEach(() => service.gateway.clearFaults());

  const statusOf = async (id: string) => (await service.api.get(`/orders/${id}`)).body.status;

  test('a pending order is paid with one charge when the gateway is back', async () => {
    await service.gateway.setFaults({ errorRate: 1 });
    const { status, body } = await service.api.place();
    expect(status).toBe(202);

    await service.gateway.clearFaults();
    await expect.poll(() => statusOf(body.id)).toBe('paid');
    expect(await service.gateway.chargeOf(body.id)).toMatchObject({ status: 'succeeded', captures: 1 });
  });

  test('a pending order is paid with one charge when the first answer came too late', async () => {
    await service.gateway.setFaults({ slowSuccessRate: 1 });
    const { status, body } = await service.api.place();
    expect(status).toBe(202);
    const charge = await service.gateway.chargeOf(body.id);
    expect(charge).toMatchObject({ status: 'succeeded', captures: 1 });

    await service.gateway.clearFaults();
    await expect.poll(() => statusOf(body.id)).toBe('paid');
    expect((await service.api.get(`/orders/${body.id}`)).body.paymentId).toBe(charge?.chargeId);
    expect(await service.gateway.chargeOf(body.id)).toMatchObject({ captures: 1 });
  });

  test('a pending order is declined when the card turns out to be', async () => {
    await service.gateway.setFaults({ timeoutRate: 1 });
    const { body } = await service.api.place({ ...teaOrder, paymentToken: 'tok_declined' });
    await service.gateway.clearFaults();
    await expect.poll(() => statusOf(body.id)).toBe('declined');
  });

  test('a repeated request gets the state that its pending order has reached', async () => {
    await service.gateway.setFaults({ timeoutRate: 1 });
    const key = { 'idempotency-key': randomUUID() };
    const first = await service.api.place(teaOrder, key);
    expect(first.status).toBe(202);
    await service.gateway.clearFaults();
    await expect.poll(() => statusOf(first.body.id)).toBe('paid');
    const again = await service.api.place(teaOrder, key);
    expect([again.status, again.body.id]).toEqual([201, first.body.id]);
  });

  test('replicas share the pending orders, and each is charged once', async () => {
    const replica = await spawnReplica(service, quick);
    await service.gateway.setFaults({ errorRate: 1 });
    const placed = await Promise.all(Array.from({ length: 30 }, () => service.api.place()));
    await service.gateway.clearFaults();

    const ids = placed.map(({ body }) => body.id);
    await expect.poll(async () => new Set(await Promise.all(ids.map(statusOf)))).toEqual(new Set(['paid']));
    const { charges, totals } = await service.gateway.ledger();
    expect(totals.duplicates).toBe(0);
    for (const id of ids) expect(charges.find(({ key }) => key === id)).toMatchObject({ captures: 1 });
    await replica.close();
  });
});

test('a replica that cannot have its port leases no pending order', async () => {
  await using service = await spawnService({ ...quick, SETTLEMENT_POLL_INTERVAL: '1h' });
  await service.gateway.setFaults({ errorRate: 1 });
  const { body } = await service.api.place();
  expect(body.status).toBe('pending');
  await service.gateway.clearFaults();
  await service.database.sql(`UPDATE orders SET due_at = now() WHERE id = '${body.id}'`);
  const read = () => service.database.sql(`SELECT status, round, due_at FROM orders WHERE id = '${body.id}'`);
  const before = await read();
  const { port } = new URL(service.url);
  await expect(spawnReplica(service, { ...quick, PORT: port })).rejects.toThrow(/PORT/);
  expect(await read()).toEqual(before);
});

describe('an order past its settlement deadline', () => {
  test('an order past its settlement deadline is cancelled at the gateway first, so that a late charge is refused', async () => {
    await using service = await spawnService({ ...quick, SETTLEMENT_DEADLINE: '400ms' });
    await service.gateway.setFaults({ timeoutRate: 1 });
    const { body } = await service.api.place();
    expect(body.status).toBe('pending');
    // In the reverse order, the worker could still charge the order in time.
    const [aged] = await service.database.sql(
      `UPDATE orders SET created_at = created_at - interval '1 hour' RETURNING round`,
    );
    // The worker may hold the order since before, and would charge it: that round ends first.
    await expect
      .poll(() => service.database.sql(`SELECT status, round FROM orders`), { timeout: 20_000 })
      .not.toEqual([{ status: 'pending', round: aged?.['round'] }]);
    await service.gateway.clearFaults();

    await expect
      .poll(async () => (await service.api.get(`/orders/${body.id}`)).body.status, { timeout: 20_000 })
      .toBe('cancelled');
    expect(await service.gateway.chargeOf(body.id)).toMatchObject({ status: 'cancelled', captures: 0 });
    const late = await fetch(`${service.gateway.url}/charges`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': body.id },
      body: JSON.stringify({ amountMinor: 900, currency: 'EUR', paymentToken: 'tok_visa' }),
    });
    expect(late.status).toBe(409);
  });
});

describe('the settlement worker behind an open circuit', () => {
  test('the settlement worker makes no calls while the circuit is open, and wakes up when it closes', async () => {
    await using service = await spawnService({
      ...quick,
      BREAKER_VOLUME: '3',
      BREAKER_OPEN_FOR: '300ms',
      // Within the time of this test, only the breaker can wake the worker.
      SETTLEMENT_POLL_INTERVAL: '1h',
    });
    await service.gateway.setFaults({ errorRate: 1 });
    const placed = await Promise.all(Array.from({ length: 6 }, () => service.api.place()));
    await expect.poll(() => service.logs.filter(({ to }) => to === 'open').length).toBeGreaterThan(0);
    await service.gateway.clearFaults();

    const statuses = async () =>
      Promise.all(placed.map(async ({ body }) => (await service.api.get(`/orders/${body.id}`)).body.status));
    await expect.poll(async () => new Set(await statuses()), { timeout: 10_000 }).toEqual(new Set(['paid']));
    expect(service.logs.some(({ from, to }) => from === 'half_open' && to === 'closed')).toBe(true);
  });
});

describe('the bound of the backlog', () => {
  test('a full backlog refuses new orders with 503 and Retry-After, and still answers repeats', async () => {
    await using service = await spawnService({ ...quick, MAX_PENDING_ORDERS: '3' });
    await service.gateway.setFaults({ timeoutRate: 1 });
    const key = { 'idempotency-key': randomUUID() };
    const first = await service.api.place(teaOrder, key);
    await service.api.place();
    await service.api.place();

    const refused = await service.api.place();
    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({ code: 'backlog_full' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const [count] = await service.database.sql('SELECT count(*)::int AS orders FROM orders');
    expect(count).toEqual({ orders: 3 });
    const replayed = await service.api.place(teaOrder, key);
    expect([replayed.status, replayed.body.id]).toEqual([202, first.body.id]);

    await service.gateway.clearFaults();
    await expect.poll(async () => (await service.api.place()).status).toBe(201);
  });
});

describe('fencing', () => {
  test('a request whose lease was taken over cannot settle the order', async () => {
    // Keeps the worker, which would settle the order, out of this test.
    await using service = await spawnService({
      ...quick,
      PAYMENT_ATTEMPT_TIMEOUT: '2s',
      PAYMENT_DEADLINE: '2s',
      SETTLEMENT_POLL_INTERVAL: '1h',
    });
    await service.gateway.setFaults({ latencyMs: 400 });
    const placing = service.api.place();
    await expect.poll(() => service.database.sql('SELECT FROM orders')).toHaveLength(1);
    await service.database.sql(`UPDATE orders SET round = round + 1, due_at = now() + interval '1 hour'`);

    const { status, body } = await placing;
    expect(status).toBe(202);
    expect((await service.api.get(`/orders/${body.id}`)).body.status).toBe('pending');
  });
});

describe('cancelling', () => {
  let service: SpawnedService;
  beforeAll(async () => {
    // Keeps the worker out of these tests, so that a pending order stays pending.
    service = await spawnService({ ...quick, SETTLEMENT_POLL_INTERVAL: '1h' });
    return () => service.close();
  });
  afterEach(() => service.gateway.clearFaults());

  const cancel = (id: string) =>
    service.api.request<ProblemBody & { status: unknown }>('POST', `/orders/${id}/cancel`);
  const pendingOrder = async (fault: 'timeoutRate' | 'slowSuccessRate', key: string = randomUUID()) => {
    await service.gateway.setFaults({ [fault]: 1 });
    const { body } = await service.api.place(teaOrder, { 'idempotency-key': key });
    await service.gateway.clearFaults();
    return body.id;
  };

  test('cancelling a pending order cancels it at the gateway and in the database', async () => {
    const key = randomUUID();
    const id = await pendingOrder('timeoutRate', key);
    const { status, body } = await cancel(id);
    expect([status, body.status]).toEqual([200, 'cancelled']);
    expect(await service.gateway.chargeOf(id)).toMatchObject({ status: 'cancelled', captures: 0 });
    // The first answer may have been lost.
    const again = await cancel(id);
    expect([again.status, again.body]).toEqual([200, body]);

    const replay = await service.api.place(teaOrder, { 'idempotency-key': key });
    expect(replay.status).toBe(409);
    expect(replay.body).toMatchObject({ code: 'order_cancelled', orderId: id });
  });

  test('cancelling an order that the gateway had charged unnoticed refunds it', async () => {
    const id = await pendingOrder('slowSuccessRate');
    expect((await cancel(id)).status).toBe(200);
    expect(await service.gateway.chargeOf(id)).toMatchObject({ status: 'cancelled', captures: 1 });
  });

  test.each([
    ['a JSON type and no body', { headers: { 'content-type': 'application/json' } }],
    ['an empty form', { body: '', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    [
      'an empty JSON object',
      { body: '{}', headers: { 'content-type': 'application/json; charset="UTF-8"' } },
    ],
  ])('cancelling works with %s', async (_what, init) => {
    const id = await pendingOrder('timeoutRate');
    const { status, body } = await service.api.request<OrderBody>('POST', `/orders/${id}/cancel`, init);
    expect([status, body.status]).toEqual([200, 'cancelled']);
  });

  test('cancelling a settled order is refused with 409 and its state', async () => {
    const { body: paid } = await service.api.place();
    const { status, body } = await cancel(paid.id);
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'order_not_pending', orderStatus: 'paid', orderId: paid.id });
    expect(await service.gateway.chargeOf(paid.id)).toMatchObject({ status: 'succeeded' });
  });

  test('cancelling an order that is still being placed is refused with 409 and Retry-After', async () => {
    await service.gateway.setFaults({ latencyMs: 120 });
    const placing = service.api.place({ ...teaOrder, customerId: 'busy' });
    const find = () =>
      service.database.sql<{ id: string }>(`SELECT id FROM orders WHERE customer_id = 'busy'`);
    await expect.poll(find).toHaveLength(1);
    const [row] = await find();
    const { status, headers, body } = await cancel(row?.id ?? '');
    expect([status, body.code]).toEqual([409, 'order_busy']);
    expect(headers.get('retry-after')).toBe('1');
    expect((await placing).status).toBe(201);
  });

  test('cancelling answers 503 while the gateway is down, and the order stays pending', async () => {
    const id = await pendingOrder('timeoutRate');
    await service.gateway.setFaults({ errorRate: 1 });
    const { status, body } = await cancel(id);
    expect([status, body.code]).toEqual([503, 'payment_gateway_unavailable']);
    expect((await service.api.get(`/orders/${id}`)).body.status).toBe('pending');
  });

  test('an order whose cancellation is in doubt is cancelled and not charged, even if the gateway cancels late', async () => {
    await using slow = await spawnService({ ...quick, SETTLEMENT_POLL_INTERVAL: '1h' });
    await slow.gateway.setFaults({ timeoutRate: 1 });
    const { body } = await slow.api.place();
    // The gateway carries the cancellation out long after its caller has hung up.
    await slow.gateway.setFaults({ latencyMs: 1500 });
    const { status } = await slow.api.refused('POST', `/orders/${body.id}/cancel`);
    expect(status).toBe(503);

    await slow.gateway.clearFaults();
    await using replica = await spawnReplica(slow, quick);
    const find = async () => (await replica.api.get(`/orders/${body.id}`)).body.status;
    await expect.poll(find).not.toBe('pending');
    expect(await find()).toBe('cancelled');
    expect(await slow.gateway.chargeOf(body.id)).toMatchObject({ status: 'cancelled', captures: 0 });
  });

  test('cancelling an order of another client answers 404', async () => {
    const id = await pendingOrder('timeoutRate');
    expect((await service.otherApi.refused('POST', `/orders/${id}/cancel`)).status).toBe(404);
    expect((await service.api.refused('POST', `/orders/${randomUUID()}/cancel`)).status).toBe(404);
  });
});
