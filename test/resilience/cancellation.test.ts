import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type OrderBody, type ProblemBody, teaOrder } from '../support/clients/api-client.ts';
import { firstLookOf } from '../support/clients/first-look.ts';
import { occupy, spawnHeld } from '../support/clients/held-orders.ts';
import { quickSettlement as quick } from '../support/clients/settings.ts';
import {
  type Replica,
  type SpawnedService,
  spawnReplica,
  spawnService,
} from '../support/processes/spawn-service.ts';

describe('cancelling', () => {
  let service: SpawnedService;
  /** Leaves an order pending soon, while the other replica gives a cancellation the time of a busy machine. */
  let impatient: Replica;
  beforeAll(async () => {
    await using started = new AsyncDisposableStack();
    // Keeps the worker out of these tests, so that a pending order stays pending.
    const idle = { ...quick, SETTLEMENT_POLL_INTERVAL: '1h' };
    const patient = { ...idle, PAYMENT_ATTEMPT_TIMEOUT: '20s', PAYMENT_DEADLINE: '20s' };
    service = started.use(await spawnService(patient));
    impatient = started.use(await spawnReplica(service, idle));
    for (const replica of [service, impatient]) await firstLookOf(replica);
    const owned = started.move();
    return () => owned.disposeAsync();
  });
  afterEach(() => service.gateway.clearFaults());

  const cancel = (id: string) =>
    service.api.request<ProblemBody & { status: unknown }>('POST', `/orders/${id}/cancel`);
  const pendingOrder = async (fault: 'timeoutRate' | 'slowSuccessRate', key: string = randomUUID()) => {
    await service.gateway.setFaults({ [fault]: 1 });
    const { body } = await impatient.api.place(teaOrder, { 'idempotency-key': key });
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

  test.each([
    ['an empty chunked body', {}, ''],
    ['an empty chunked body of a JSON type', { 'content-type': 'application/json' }, ''],
    ['a chunked text', {}, 'because'],
  ])('cancelling with %s is like one with a known length', async (_what, headers, text) => {
    const id = await pendingOrder('timeoutRate');
    const chunked = { authorization: 'Bearer shop-key', 'transfer-encoding': 'chunked', ...headers };
    const sent = request(`${service.url}/orders/${id}/cancel`, { method: 'POST', headers: chunked }).end(
      text,
    );
    const [{ statusCode }] = (await once(sent, 'response')) as [IncomingMessage];
    expect(statusCode).toBe(text === '' ? 200 : 415);
    const { body } = await service.api.get(`/orders/${id}`);
    expect(body.status).toBe(text === '' ? 'cancelled' : 'pending');
  });

  test('cancelling a settled order is refused with 409 and its state', async () => {
    const { body: paid } = await service.api.place();
    const { status, body } = await cancel(paid.id);
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'order_not_pending', orderStatus: 'paid', orderId: paid.id });
    expect(await service.gateway.chargeOf(paid.id)).toMatchObject({ status: 'succeeded' });
  });

  test('cancelling an order that is still being placed is refused with 409 and Retry-After', async () => {
    await using held = await spawnHeld();
    const [placing] = await occupy(held, 1);
    const id = held.gateway.charges[0]?.key;
    const { status, headers, body } = await held.service.api.refused('POST', `/orders/${id}/cancel`);
    expect([status, body.code]).toEqual([409, 'order_busy']);
    expect(body).toMatchObject({ orderId: id, orderStatus: 'pending' });
    expect(headers.get('retry-after')).toBe('1');
    held.release();
    expect((await placing)?.status).toBe(201);
  });

  test('cancelling answers 503 while the gateway is down, and the order stays pending', async () => {
    const id = await pendingOrder('timeoutRate');
    await service.gateway.setFaults({ errorRate: 1 });
    const { status, body } = await cancel(id);
    expect([status, body.code]).toEqual([503, 'payment_gateway_unavailable']);
    expect(body).toMatchObject({ orderId: id, orderStatus: 'pending' });
    expect((await service.api.get(`/orders/${id}`)).body.status).toBe('pending');
  });

  test('cancelling that the gateway confirms and Postgres cannot store answers 503 of the database', async () => {
    const id = await pendingOrder('timeoutRate');
    await service.database.sql(
      "ALTER TABLE orders ADD CONSTRAINT kept CHECK (status <> 'cancelled') NOT VALID",
    );
    const { status, headers, body } = await cancel(id);
    await service.database.sql('ALTER TABLE orders DROP CONSTRAINT kept');
    expect([status, body.code]).toEqual([503, 'database_unavailable']);
    expect(body).toMatchObject({ orderId: id, orderStatus: 'pending' });
    expect(headers.get('retry-after')).toBe('1');
    expect(await service.gateway.chargeOf(id)).toMatchObject({ status: 'cancelled' });
  });

  test('an order whose cancellation is in doubt is cancelled and not charged, even if the gateway cancels late', async () => {
    await using slow = await spawnService({ ...quick, SETTLEMENT_POLL_INTERVAL: '1h' });
    await firstLookOf(slow);
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
