import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { scrapeMetrics } from '../../lab/harness/exposition.ts';
import { teaOrder } from '../support/clients/api-client.ts';
import { firstLookOf } from '../support/clients/first-look.ts';
import { quickSettlement as quick } from '../support/clients/settings.ts';
import { type SpawnedService, spawnReplica, spawnService } from '../support/processes/spawn-service.ts';
import { approve } from '../support/processes/scripted-gateway.ts';
import { spawnWithScript } from '../support/processes/spawn-with-script.ts';
import { valueOf } from '../support/processes/traced-service.ts';

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
  await firstLookOf(service);
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

test('an error that nobody expected while orders are settled is logged as an error, and settling goes on after it', async () => {
  await using service = await spawnService(quick);
  const levels = () =>
    service.logs.flatMap(({ event, level }) => (event === 'settlement.failed' ? [level] : []));
  await service.database.sql('ALTER TABLE orders RENAME COLUMN unanswered TO unknown');
  await expect.poll(levels).toContain('error');
  await service.database.sql('ALTER TABLE orders RENAME COLUMN unknown TO unanswered');
  await expect.poll(() => service.logs.map(({ event }) => event)).toContain('settlement.resumed');

  await service.gateway.setFaults({ errorRate: 1 });
  const { body } = await service.api.place();
  await service.gateway.clearFaults();
  await expect.poll(async () => (await service.api.get(`/orders/${body.id}`)).body.status).toBe('paid');
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
      // Long enough that all orders are due when the circuit is half-open.
      BREAKER_OPEN_FOR: '1s',
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
    const stored = () => service.database.sql('SELECT count(*)::int AS orders FROM orders');
    // Until its next count, a replica may take an order for two: it was counted and added at the same time.
    await expect
      .poll(async () => {
        const { status } = await service.api.place();
        expect([202, 503]).toContain(status);
        return stored();
      })
      .toEqual([{ orders: 3 }]);

    const refused = await service.api.place();
    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({ code: 'backlog_full' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await stored()).toEqual([{ orders: 3 }]);
    const replayed = await service.api.place(teaOrder, key);
    expect([replayed.status, replayed.body.id]).toEqual([202, first.body.id]);

    // As after the bound was lowered.
    await service.database.sql(`
      INSERT INTO orders (id, client_id, request_hash, customer_id, currency, items, total_minor, status, payment_token,
                          held, due_at, created_at, updated_at)
      SELECT md5(number::text)::uuid, client_id, request_hash, 'cus_waiting', currency, items, total_minor, status,
             payment_token, false, now() + interval '1 hour', now() - number * interval '1 hour', now()
      FROM orders, generate_series(1, 9) AS number WHERE id = '${first.body.id}'`);
    await expect.poll(async () => valueOf(await scrapeMetrics(service.adminUrl), 'orders_pending')).toBe(12);
    const age = valueOf(await scrapeMetrics(service.adminUrl), 'orders_pending_oldest_seconds');
    expect(age).toBeGreaterThanOrEqual(9 * 3600);
    await service.database.sql(`DELETE FROM orders WHERE customer_id = 'cus_waiting'`);

    await service.gateway.clearFaults();
    await expect.poll(async () => (await service.api.place()).status).toBe(201);
  });
});

describe('fencing', () => {
  test('a request whose lease was taken over cannot settle the order', async () => {
    const { promise: takenOver, resolve: takeOver } = Promise.withResolvers<void>();
    // Keeps the worker, which would settle the order, out of this test.
    await using scripted = await spawnWithScript((charge) => takenOver.then(() => approve(charge)), {
      ...quick,
      PAYMENT_ATTEMPT_TIMEOUT: '20s',
      PAYMENT_DEADLINE: '20s',
      SETTLEMENT_POLL_INTERVAL: '1h',
    });
    const { service, gateway } = scripted;
    const placing = service.api.place();
    await expect.poll(() => gateway.charges).toHaveLength(1);
    await service.database.sql(`UPDATE orders SET round = round + 1, due_at = now() + interval '1 hour'`);
    takeOver();

    const { status, body } = await placing;
    expect(status).toBe(202);
    expect((await service.api.get(`/orders/${body.id}`)).body.status).toBe('pending');
  });
});
