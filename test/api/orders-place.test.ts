import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ProblemBody, teaOrder } from '../support/clients/api-client.ts';
import { occupy, spawnHeld } from '../support/clients/held-orders.ts';
import {
  type Replica,
  type SpawnedService,
  spawnReplica,
  spawnService,
} from '../support/processes/spawn-service.ts';

/** Gives the gateway the time of a busy machine. */
let service: SpawnedService;
/** Leaves an order pending soon when the gateway does not answer. */
let impatient: Replica;
beforeAll(async () => {
  await using started = new AsyncDisposableStack();
  const env = { PAYMENT_DEADLINE: '20s', PAYMENT_ATTEMPT_TIMEOUT: '20s', BREAKER_VOLUME: '1000' };
  service = started.use(await spawnService(env));
  impatient = started.use(
    await spawnReplica(service, { ...env, PAYMENT_DEADLINE: '600ms', PAYMENT_ATTEMPT_TIMEOUT: '250ms' }),
  );
  const owned = started.move();
  return () => owned.disposeAsync();
});
afterEach(() => service.gateway.clearFaults());

const withKey = (key: string) => ({ 'idempotency-key': key });

describe('placing an order', () => {
  test('placing an order charges it once and answers 201 with the paid order', async () => {
    const { status, headers, body } = await service.api.place();

    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: 'paid',
      customerId: 'cus_42',
      currency: 'EUR',
      items: teaOrder.items,
      totalMinor: 900,
    });
    expect(body.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(headers.get('location')).toBe(`/orders/${body.id}`);
    expect(Date.parse(body.updatedAt)).toBeGreaterThanOrEqual(Date.parse(body.createdAt));
    const charge = await service.gateway.chargeOf(body.id);
    expect(charge).toMatchObject({ status: 'succeeded', amountMinor: 900, currency: 'EUR', captures: 1 });
    expect(charge?.chargeId).toBe(body.paymentId);
    expect((await service.api.get(`/orders/${body.id}`)).body).toEqual(body);
  });

  test('placing an order with a card that is declined answers 402 with the order id, and keeps the order', async () => {
    const order = { ...teaOrder, paymentToken: 'tok_insufficient_funds' };
    const { status, body } = await service.api.place(order);

    expect(status).toBe(402);
    const problem = body as unknown as ProblemBody;
    expect(problem).toMatchObject({ code: 'payment_declined', declineCode: 'insufficient_funds' });
    const stored = await service.api.get(`/orders/${problem.orderId}`);
    expect(stored.body).toMatchObject({ status: 'declined', paymentId: null });
  });

  test('placing an order answers 202 when the gateway never answers, and the order stays pending', async () => {
    await service.gateway.setFaults({ timeoutRate: 1 });
    const { status, body } = await impatient.api.place();

    expect(status).toBe(202);
    expect(body).toMatchObject({ status: 'pending', paymentId: null });
    expect((await service.api.get(`/orders/${body.id}`)).body.status).toBe('pending');
  });

  test('placing an order answers 202 when the gateway charges but answers too late', async () => {
    await service.gateway.setFaults({ slowSuccessRate: 1 });
    const { status, body } = await impatient.api.place();

    expect(status).toBe(202);
    expect(body.status).toBe('pending');
    expect(await service.gateway.chargeOf(body.id)).toMatchObject({ status: 'succeeded', captures: 1 });
  });

  test('the payment token is deleted as soon as the order is settled', async () => {
    const { body } = await service.api.place();
    const [row] = await service.database.sql('SELECT payment_token FROM orders WHERE id = $1', [body.id]);
    expect(row).toEqual({ payment_token: null });
  });
});

describe('the idempotency key', () => {
  test('an idempotency key replays a paid order with its first status and a header that says so', async () => {
    const headers = withKey(randomUUID());
    const first = await service.api.place(teaOrder, headers);
    const second = await service.api.place(teaOrder, headers);

    expect(second.status).toBe(201);
    expect(second.body).toEqual(first.body);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect((await service.gateway.chargeOf(first.body.id))?.attempts).toBe(1);
  });

  test('an idempotency key replays a declined order with 402 and a pending one with 202', async () => {
    const declined = { ...teaOrder, paymentToken: 'tok_declined' };
    const declinedKey = withKey(randomUUID());
    await service.api.place(declined, declinedKey);
    const again = await service.api.place(declined, declinedKey);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([402, 'true']);

    await service.gateway.setFaults({ timeoutRate: 1 });
    const pendingKey = withKey(randomUUID());
    const pending = await impatient.api.place(teaOrder, pendingKey);
    const repeated = await service.api.place(teaOrder, pendingKey);
    expect([repeated.status, repeated.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
    expect(repeated.body.id).toBe(pending.body.id);
  });

  test('an idempotency key matches whatever the order of JSON members and the white space', async () => {
    const headers = withKey(randomUUID());
    const first = await service.api.place(teaOrder, headers);
    const reordered = JSON.stringify(Object.fromEntries(Object.entries(teaOrder).toReversed()), null, 4);
    const second = await service.api.place(reordered, headers);
    expect(second.body).toEqual(first.body);
  });

  test('an idempotency key with another body is refused with 422, and nothing is charged', async () => {
    const headers = withKey(randomUUID());
    await service.api.place(teaOrder, headers);
    const before = (await service.gateway.ledger()).charges.length;
    const other = await service.api.place({ ...teaOrder, customerId: 'cus_43' }, headers);

    expect(other.status).toBe(422);
    expect(other.body).toMatchObject({ code: 'idempotency_key_reused' });
    expect((await service.gateway.ledger()).charges).toHaveLength(before);
  });

  test('an idempotency key answers 409 with Retry-After while its first request is in flight', async () => {
    await using held = await spawnHeld();
    const headers = withKey(randomUUID());
    const [first] = await occupy(held, 1, headers);
    const second = await held.service.api.place(teaOrder, headers);

    expect(second.status).toBe(409);
    expect(second.body).toMatchObject({
      code: 'idempotency_in_progress',
      orderId: held.gateway.charges[0]?.key,
    });
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
    held.release();
    expect((await first)?.status).toBe(201);
  });

  test('an idempotency key turns 50 concurrent requests into one order and one charge', async () => {
    const headers = withKey(randomUUID());
    const answers = await Promise.all(Array.from({ length: 50 }, () => service.api.place(teaOrder, headers)));

    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].every((status) => status === 201 || status === 409)).toBe(true);
    const ids = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id));
    expect(ids.size).toBe(1);
    const [id = ''] = ids;
    expect(await service.gateway.chargeOf(id)).toMatchObject({ captures: 1, attempts: 1 });
  });

  // draft-ietf-httpapi-idempotency-key-header-07, section 2.1: a string of a structured field (RFC 9651).
  test('an idempotency key in quotes, with parameters or without quotes is the same key', async () => {
    const key = randomUUID();
    const first = await service.api.place(teaOrder, withKey(`"${key}"`));
    for (const form of [`"${key}"`, key, `"${key}";v=1; w="a;b"`]) {
      const again = await service.api.place(teaOrder, withKey(form));
      expect([again.status, again.body.id], form).toEqual([201, first.body.id]);
      expect(again.headers.get('idempotency-replayed'), form).toBe('true');
    }
    expect(await service.gateway.chargeOf(first.body.id)).toMatchObject({ captures: 1, attempts: 1 });
  });

  test('an idempotency key that an earlier version stored with its quotes still matches', async () => {
    const key = randomUUID();
    const first = await service.api.place(teaOrder, withKey(key));
    await service.database.sql('UPDATE orders SET idempotency_key = $1 WHERE id = $2', [
      `"${key}"`,
      first.body.id,
    ]);
    const again = await service.api.place(teaOrder, withKey(`"${key}"`));
    expect([again.status, again.body.id]).toEqual([201, first.body.id]);
    const other = await service.api.place({ ...teaOrder, customerId: 'cus_43' }, withKey(`"${key}"`));
    expect(other.body).toMatchObject({ code: 'idempotency_key_reused' });
  });

  test('an idempotency key belongs to its client, and another client can use the same', async () => {
    const headers = withKey(randomUUID());
    const mine = await service.api.place(teaOrder, headers);
    const theirs = await service.otherApi.place(teaOrder, headers);
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    expect(theirs.body.id).not.toBe(mine.body.id);
  });
});
