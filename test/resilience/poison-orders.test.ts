import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { scrapeMetrics } from '../../lab/harness/exposition.ts';
import { audit } from '../../lab/audit/audit.ts';
import { openBooks } from '../../lab/audit/books.ts';
import { teaOrder } from '../support/clients/api-client.ts';
import { within } from '../support/clients/deadlines.ts';
import { firstLookOf } from '../support/clients/first-look.ts';
import { inTurn, type Script } from '../support/processes/scripted-gateway.ts';
import { type Replica, type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';
import { linesOf, spawnWithScript } from '../support/processes/spawn-with-script.ts';
import { valueOf } from '../support/processes/traced-service.ts';

/** Short waits, so that the rounds of an order take milliseconds and not seconds. */
const quick = {
  PAYMENT_ATTEMPT_TIMEOUT: '300ms',
  PAYMENT_DEADLINE: '900ms',
  SETTLEMENT_POLL_INTERVAL: '50ms',
  SETTLEMENT_BACKOFF_BASE: '50ms',
  SETTLEMENT_BACKOFF_FLOOR: '10ms',
  SETTLEMENT_BACKOFF_CAP: '200ms',
};
const patiently = { timeout: 15_000 };

const orderWith = (paymentToken: string) => ({ ...teaOrder, paymentToken });
const metric = async ({ adminUrl }: Replica, name: string, labels: Record<string, string> = {}) =>
  valueOf(await scrapeMetrics(adminUrl), name, labels);

describe('orders of one client that the gateway refuses or never answers', () => {
  test('orders of others are paid at once beside orders of a card that the gateway never answers for', async () => {
    await using service = await spawnService({
      ...quick,
      PAYMENT_ATTEMPT_TIMEOUT: '500ms',
      PAYMENT_DEADLINE: '1600ms',
      PAYMENT_RETRY_RESERVE: '1000',
      BREAKER_VOLUME: '8',
      SETTLEMENT_ATTEMPT_TIMEOUT: '4s',
      // Two lanes for orders without an answer: one that has none leaves the other to another client.
      SETTLEMENT_CONCURRENCY: '4',
    });
    expect((await service.otherApi.place()).status).toBe(201);
    // Up to 36 attempts fail, which is far more than half of all.
    const poisoned = Array.from({ length: 12 }, () => service.api.place(orderWith('tok_timeout')));
    await expect
      .poll(() => linesOf(service, 'payment.suspended'), patiently)
      .toMatchObject([{ breaker: 'payment', scope: 'card' }]);
    expect(await metric(service, 'payment_suspended', { scope: 'card' })).toBe(1);

    const good = [];
    for (let order = 0; order < 10; order += 1) good.push((await service.otherApi.place()).status);
    // The client's other cards are not affected, either.
    good.push((await service.api.place()).status);
    expect(new Set(good)).toEqual(new Set([201]));
    expect(new Set((await Promise.all(poisoned)).map(({ status }) => status))).toEqual(new Set([202]));
    expect(linesOf(service, 'circuit_breaker.changed')).toEqual([]);

    // A slow gateway leaves a good order unanswered, too: it does not wait behind all the others.
    await service.gateway.setFaults({ slowSuccessRate: 1, slowSuccessDelayMs: 2000 });
    const { status, body } = await service.otherApi.place();
    expect(status).toBe(202);
    await expect
      .poll(async () => (await service.otherApi.get(`/orders/${body.id}`)).body.status, patiently)
      .toBe('paid');
  });
});

describe('a stream of orders of one client that the gateway never answers', () => {
  /** A breaker that sees nothing: only the bounds per client protect the others. */
  const withoutBreaker = { BREAKER_VOLUME: '100000' };

  test('every order of others is paid at once beside it, although it could fill all connections to the gateway', async () => {
    await using service = await spawnService({ ...withoutBreaker, PAYMENT_CONNECTIONS: '16' });
    const poisoned: Array<Promise<{ status: number }>> = [];
    const poison = (orders: number) => {
      for (let order = 0; order < orders; order += 1)
        poisoned.push(service.api.place(orderWith('tok_timeout')));
    };
    poison(20);
    const good = [];
    for (let order = 0; order < 40; order += 1) {
      poison(2);
      good.push((await service.otherApi.place()).status);
    }
    expect(good.filter((status) => status === 201)).toHaveLength(40);
    expect(linesOf(service, 'payment.client_share_used')).toMatchObject([{ client_id: 'shop' }]);
    expect(new Set((await Promise.all(poisoned)).map(({ status }) => status))).toEqual(new Set([202]));
    expect(linesOf(service, 'circuit_breaker.changed')).toEqual([]);
  });

  test('an order of another client is settled before it, although it is due after it', async () => {
    await using service = await spawnService({
      ...withoutBreaker,
      SETTLEMENT_CONCURRENCY: '2',
      SETTLEMENT_BATCH_SIZE: '4',
      SETTLEMENT_POLL_INTERVAL: '50ms',
      SETTLEMENT_BACKOFF_BASE: '10ms',
      SETTLEMENT_BACKOFF_FLOOR: '1ms',
    });
    // Deadlines of the clients, which leave open how long the gateway takes.
    const placed = await Promise.all(
      Array.from({ length: 60 }, () => service.api.place(orderWith('tok_timeout'), within(1500))),
    );
    expect(new Set(placed.map(({ status }) => status))).toEqual(new Set([202]));
    await service.gateway.setFaults({ latencyMs: 5000 });
    const { status, body } = await service.otherApi.place(teaOrder, within(1000));
    expect(status).toBe(202);
    await service.gateway.clearFaults();
    await expect
      .poll(async () => (await service.otherApi.get(`/orders/${body.id}`)).body.status, patiently)
      .toBe('paid');
    const unasked = `SELECT FROM orders WHERE client_id = 'shop' AND round = 1`;
    expect((await service.database.sql(unasked)).length).toBeGreaterThan(20);
  });
});

describe('an order that the gateway refuses', () => {
  let service: SpawnedService;
  beforeAll(async () => {
    service = await spawnService({
      ...quick,
      // An attempt that a busy machine makes late would be no refusal.
      PAYMENT_ATTEMPT_TIMEOUT: '20s',
      PAYMENT_DEADLINE: '20s',
      BREAKER_VOLUME: '2',
    });
    return () => service.close();
  });
  afterEach(() => service.gateway.clearFaults());

  const settled = async (id: string) => {
    await expect
      .poll(async () => (await service.api.get(`/orders/${id}`)).body.status, patiently)
      .not.toBe('pending');
    return (await service.api.get(`/orders/${id}`)).body;
  };

  test('an order that the gateway refuses ends as refused, with the reason, and is never charged', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const { status, body } = await service.api.place(orderWith('tok_refused'), key);
    expect([status, body.status, body.reason]).toEqual([202, 'pending', null]);

    expect(await settled(body.id)).toMatchObject({
      status: 'refused',
      reason: 'card_type_not_supported',
      paymentId: null,
    });
    const repeated = await service.api.place(orderWith('tok_refused'), key);
    expect(repeated.status).toBe(422);
    expect(repeated.body).toMatchObject({
      code: 'payment_refused',
      orderId: body.id,
      refusalCode: 'card_type_not_supported',
    });
    const listed = await service.api.get<{ orders: unknown[] }>('/orders?status=refused');
    expect(listed.body.orders).toEqual([expect.objectContaining({ id: body.id })]);
    const cancel = await service.api.refused('POST', `/orders/${body.id}/cancel`);
    expect([cancel.status, cancel.body.orderStatus]).toEqual([409, 'refused']);

    // The gateway was asked three times, and has promised that no charge of an earlier attempt will stand.
    expect(await service.gateway.chargeOf(body.id)).toMatchObject({
      status: 'cancelled',
      attempts: 3,
      captures: 0,
    });
    expect(linesOf(service, 'payment.retry', body.id)).toEqual([]);
    expect(linesOf(service, 'payment.rejected')).toEqual([]);
    expect(linesOf(service, 'payment.refused', body.id)[0]).toMatchObject({
      level: 'warn',
      refusal_code: 'card_type_not_supported',
    });
    expect(await metric(service, 'orders_total', { status: 'refused' })).toBe(1);
  });

  test('refusals leave the circuit closed, and orders with a good card are paid', async () => {
    const refused = await Promise.all(
      Array.from({ length: 20 }, () => service.api.place(orderWith('tok_refused'))),
    );
    expect((await service.api.place()).status).toBe(201);
    for (const { body } of refused) expect((await settled(body.id)).status).toBe('refused');
    expect(linesOf(service, 'circuit_breaker.changed')).toEqual([]);
    const answers = refused.map(({ body }) => ({
      clientId: 'shop',
      idempotencyKey: body.id,
      orderId: body.id,
      status: 'pending' as const,
      amountMinor: 900,
      currency: 'EUR',
    }));
    const books = await openBooks(answers, service.database.sql, service.gateway);
    expect(audit(books)).toEqual([]);
  });

  test('a declined order says why it was declined', async () => {
    const { status, body } = await service.api.place(orderWith('tok_expired_card'));
    expect(status).toBe(402);
    const { orderId = '' } = body as unknown as { orderId?: string };
    expect((await service.api.get(`/orders/${orderId}`)).body).toMatchObject({
      status: 'declined',
      reason: 'expired_card',
    });
  });
});

test('an order that the gateway refuses is cancelled at the gateway, where an earlier attempt may have been charged', async () => {
  const refuse: Script = () => ({ status: 422, body: { code: 'amount_too_small' } });
  // A cancellation has no idempotency key.
  const cancelled: Script = () => ({ status: 200, body: { status: 'cancelled' } });
  const script = inTurn(() => 'silence', refuse);
  await using spawned = await spawnWithScript(
    (charge) => (charge.key === 'undefined' ? cancelled(charge) : script(charge)),
    { ...quick, PAYMENT_MAX_ATTEMPTS: '1', PAYMENT_MAX_REFUSALS: '1' },
  );
  const { service, gateway } = spawned;
  const { body } = await service.api.place();
  await expect
    .poll(async () => (await service.api.get(`/orders/${body.id}`)).body, patiently)
    .toMatchObject({ status: 'refused', reason: 'amount_too_small' });
  expect(gateway.charges.map(({ key }) => key)).toEqual([body.id, body.id, 'undefined']);
});

test('a text of the gateway that Postgres cannot store settles its order at once', async () => {
  const text = 'a\0b\ud800c';
  await using spawned = await spawnWithScript(
    inTurn(
      (charge) => ({ status: 201, body: { ...charge, id: text, status: 'succeeded' } }),
      () => ({ status: 402, body: { status: 402, declineCode: text } }),
      () => ({ status: 422, body: { code: text } }),
      () => ({ status: 200, body: { status: 'cancelled' } }),
    ),
    { ...quick, PAYMENT_MAX_REFUSALS: '1' },
  );
  const { service } = spawned;
  const statuses = [];
  for (let order = 0; order < 3; order += 1) statuses.push((await service.api.place()).status);
  expect(statuses).toEqual([201, 402, 202]);
  await expect
    .poll(() => service.database.sql('SELECT payment_id, decline_code, refusal_code FROM orders ORDER BY id'))
    .toEqual([
      { payment_id: 'a\ufffdb\ufffdc', decline_code: null, refusal_code: null },
      { payment_id: null, decline_code: 'a\ufffdb\ufffdc', refusal_code: null },
      { payment_id: null, decline_code: null, refusal_code: 'a\ufffdb\ufffdc' },
    ]);
});

test('a client that fills the backlog gets 503 alone', async () => {
  await using service = await spawnService({
    ...quick,
    PAYMENT_MAX_ATTEMPTS: '1',
    SETTLEMENT_POLL_INTERVAL: '1h',
    MAX_PENDING_ORDERS: '10',
  });
  // A count while orders are left pending takes some of them for two.
  await firstLookOf(service);
  await service.gateway.setFaults({ errorRate: 1 });
  const statuses = [];
  for (let order = 0; order < 11; order += 1) statuses.push((await service.api.place()).status);
  expect(statuses).toEqual([...Array.from({ length: 9 }, () => 202), 503, 503]);
  expect((await service.otherApi.place()).status).toBe(202);

  const refused = await service.otherApi.place();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  expect(refused.body).toMatchObject({ code: 'backlog_full' });
});
