import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OrderStore } from '../../src/orders/order-store.ts';
import { teaOrder } from '../support/clients/api-client.ts';
import type { RedisServer } from '../../lab/harness/redis-server.ts';
import { type Replica, spawnReplica, spawnService } from '../support/processes/spawn-service.ts';
import {
  cacheReads,
  commandsSent,
  patientWithRedis,
  redisBecomes,
  type ServiceWithRedis,
  spawnWithRedis,
} from '../support/processes/spawn-with-redis.ts';

/** The response body as text, with the headers that depend on the order. */
async function read({ url }: Replica, id: string, key = 'shop-key') {
  const response = await fetch(`${url}/orders/${id}`, { headers: { authorization: `Bearer ${key}` } });
  const { status, headers } = response;
  const header = (name: string) => [name, headers.get(name)] as const;
  return {
    status,
    headers: ['content-type', 'content-length', 'cache-control'].map(header),
    body: await response.text(),
  };
}

const keys = async (redis: RedisServer) => (await redis.command('KEYS', 'orders:*:settled:*')) as string[];

/** The only key in the cache, once it is there. */
async function onlyKey(redis: RedisServer): Promise<string> {
  await expect.poll(() => keys(redis)).toHaveLength(1);
  const [key = ''] = await keys(redis);
  return key;
}

test('a settled order is read from the database once, and later responses are identical to the byte', async () => {
  await using spawned = await spawnWithRedis();
  const { service, redis } = spawned;
  for (const paymentToken of ['tok_visa', 'tok_declined']) {
    const { body } = await service.api.place({ ...teaOrder, paymentToken });
    const id = 'orderId' in body ? String(body.orderId) : body.id;
    const before = await cacheReads(service);
    const kept = (await keys(redis)).length;

    const first = await read(service, id);
    expect(first.status).toBe(200);
    await expect.poll(() => keys(redis)).toHaveLength(kept + 1);
    const again = [await read(service, id), await read(service, id.toUpperCase())];
    expect(again).toEqual([first, first]);
    expect(await cacheReads(service)).toEqual({ ...before, miss: before.miss + 1, hit: before.hit + 2 });
  }
});

test('a cancelled order is cached, and a pending one is not', async () => {
  await using spawned = await spawnWithRedis({ PAYMENT_MAX_ATTEMPTS: '1' });
  const { service, redis } = spawned;
  await service.gateway.setFaults({ errorRate: 1 });
  const { status, body } = await service.api.place();
  expect(status).toBe(202);
  for (let look = 0; look < 3; look += 1) expect((await read(service, body.id)).status).toBe(200);
  expect(await keys(redis)).toEqual([]);

  await service.gateway.clearFaults();
  expect((await service.api.request('POST', `/orders/${body.id}/cancel`)).status).toBe(200);
  const first = await read(service, body.id);
  expect(JSON.parse(first.body)).toMatchObject({ status: 'cancelled' });
  await onlyKey(redis);
  expect(await read(service, body.id)).toEqual(first);
});

test('a cached order is not found by another client', async () => {
  await using spawned = await spawnWithRedis();
  const { service, redis } = spawned;
  const { body } = await service.api.place();
  await read(service, body.id);
  await onlyKey(redis);

  const other = await read(service, body.id, 'pos-key');
  expect([other.status, JSON.parse(other.body).code]).toEqual([404, 'order_not_found']);
  expect(await keys(redis)).toHaveLength(1);
});

test('flushing Redis between reads changes no response', async () => {
  await using spawned = await spawnWithRedis();
  const { service, redis } = spawned;
  const placed = await Promise.all(Array.from({ length: 20 }, () => service.api.place()));
  const answers = await Promise.all(placed.map(({ body }) => read(service, body.id)));

  let emptied = 0;
  const reading = new AbortController();
  const emptying = (async () => {
    while (!reading.signal.aborted) {
      await redis.command('FLUSHALL');
      emptied += 1;
    }
  })();
  for (let round = 0; round < 20; round += 1) {
    expect(await Promise.all(placed.map(({ body }) => read(service, body.id)))).toEqual(answers);
  }
  reading.abort();
  await emptying;
  expect(emptied).toBeGreaterThan(3);
});

describe('foreign values in Redis', () => {
  let spawned: ServiceWithRedis;
  beforeAll(async () => {
    spawned = await spawnWithRedis();
    return () => spawned[Symbol.asyncDispose]();
  });
  beforeEach(() => spawned.redis.command('FLUSHALL'));

  /** Places an order, has it cached, and returns it with its response. */
  async function keptOrder() {
    const { service, redis } = spawned;
    const { body } = await service.api.place();
    const answer = await read(service, body.id);
    return { order: body, answer, key: await onlyKey(redis), before: await cacheReads(service) };
  }

  test.each<[what: string, spoil: (order: Record<string, unknown>) => string]>([
    ['invalid JSON', () => '{"id":'],
    ['an empty string', () => ''],
    ['a list', () => '[]'],
    ['another order', (order) => JSON.stringify({ ...order, id: randomUUID() })],
    ['a pending order', (order) => JSON.stringify({ ...order, status: 'pending', paymentId: null })],
    ['an unknown state', (order) => JSON.stringify({ ...order, status: 'refunded' })],
    [
      'an order in an earlier format',
      ({ totalMinor, ...order }) => JSON.stringify({ ...order, total: totalMinor }),
    ],
    ['an order with an extra member', (order) => JSON.stringify({ ...order, discount: 1 })],
    ['a string in place of a number', (order) => JSON.stringify({ ...order, totalMinor: '900' })],
    ['an invalid date', (order) => JSON.stringify({ ...order, updatedAt: 'yesterday' })],
  ])('a cached value that is %s is ignored and replaced', async (_what, spoil) => {
    const { service, redis } = spawned;
    const { order, answer, key, before } = await keptOrder();
    const good = await redis.command('GET', key);

    await redis.command('SET', key, spoil({ ...order }));
    expect(await read(service, order.id)).toEqual(answer);
    expect(await cacheReads(service)).toEqual({ ...before, miss: before.miss + 1 });
    await expect.poll(() => redis.command('GET', key)).toBe(good);
  });

  test('a foreign value under the key of an unknown order is deleted', async () => {
    const { service, redis } = spawned;
    const { order, key } = await keptOrder();
    const elsewhere = key.replace(':shop:', ':pos:');
    await redis.command('SET', elsewhere, '{"owned":true}');

    expect((await read(service, order.id, 'pos-key')).status).toBe(404);
    await expect.poll(() => redis.command('EXISTS', elsewhere)).toBe(0);
  });

  test('a value of another Redis type is ignored and replaced', async () => {
    const { service, redis } = spawned;
    const { order, answer, key, before } = await keptOrder();
    await redis.command('DEL', key);
    await redis.command('RPUSH', key, 'a', 'list');

    expect(await read(service, order.id)).toEqual(answer);
    expect(await cacheReads(service)).toEqual({ ...before, error: before.error + 1 });
    await expect.poll(() => redis.command('TYPE', key)).toBe('string');
  });
});

test('cached orders expire after the configured time, spread over a range', async () => {
  await using spawned = await spawnWithRedis({ ORDER_CACHE_TTL: '100s' });
  const { service, redis } = spawned;
  const placed = await Promise.all(Array.from({ length: 20 }, () => service.api.place()));
  for (const { body } of placed) await read(service, body.id);
  await expect.poll(() => keys(redis)).toHaveLength(20);

  const remaining = await Promise.all((await keys(redis)).map((key) => redis.command('PTTL', key)));
  const seconds = remaining.map((milliseconds) => Number(milliseconds) / 1000);
  expect(Math.max(...seconds)).toBeLessThanOrEqual(110);
  expect(Math.min(...seconds)).toBeGreaterThan(80);
  expect(new Set(seconds).size).toBeGreaterThan(10);
});

describe('concurrent reads of the same order', () => {
  /** Holds each read of the database until the test releases it. */
  function holdReads() {
    const held: Array<() => void> = [];
    const store = (real: OrderStore): OrderStore => ({
      ...real,
      async find(clientId, id) {
        const found = await real.find(clientId, id);
        const { promise, resolve } = Promise.withResolvers<void>();
        held.push(resolve);
        await promise;
        return found;
      },
    });
    // A read that is still held when a test fails would keep the replica from stopping.
    const release = () => held.forEach((each) => each());
    return { held, store, release };
  }

  test('concurrent reads of a settled order ask Redis once and the database once', async () => {
    await using parts = new AsyncDisposableStack();
    const first = parts.use(await spawnWithRedis());
    const { held, store, release } = holdReads();
    const env = { ...patientWithRedis, REDIS_URL: first.redis.url };
    const replica = parts.use(await spawnReplica(first.service, env, { store }));
    parts.defer(release);
    await redisBecomes(replica, 'closed');
    const { body } = await first.service.api.place();

    const crowd = Array.from({ length: 50 }, () => read(replica, body.id));
    await expect.poll(() => held).toHaveLength(1);
    // Once all requests are in flight, a second read of the database would have shown up in `held`.
    await expect.poll(async () => inFlight(replica)).toBe(50);
    held[0]?.();
    const answers = await Promise.all(crowd);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(held).toHaveLength(1);
    expect(await commandsSent(replica, 'GET')).toBe(1);
    expect(await cacheReads(replica)).toEqual({ hit: 0, miss: 50, error: 0 });
  });

  test('a read never returns a pending order that was settled before the read began', async () => {
    await using parts = new AsyncDisposableStack();
    const first = parts.use(await spawnWithRedis({ PAYMENT_MAX_ATTEMPTS: '1' }));
    const { held, store, release } = holdReads();
    const env = { ...patientWithRedis, REDIS_URL: first.redis.url };
    const replica = parts.use(await spawnReplica(first.service, env, { store }));
    parts.defer(release);
    await redisBecomes(replica, 'closed');
    await first.service.gateway.setFaults({ errorRate: 1 });
    const { body } = await first.service.api.place();
    await first.service.gateway.clearFaults();

    const early = read(replica, body.id);
    await expect.poll(() => held).toHaveLength(1);
    // On a busy machine the gateway may be late once, and a repeat changes nothing.
    const cancel = async () => (await first.service.api.request('POST', `/orders/${body.id}/cancel`)).status;
    await expect.poll(cancel).toBe(200);
    const late = read(replica, body.id);
    await expect.poll(async () => inFlight(replica)).toBe(2);
    held[0]?.();
    await expect.poll(() => held).toHaveLength(2);
    held[1]?.();

    expect(JSON.parse((await early).body)).toMatchObject({ status: 'pending' });
    expect(JSON.parse((await late).body)).toMatchObject({ status: 'cancelled' });
  });
});

async function inFlight({ adminUrl }: Replica): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return Number(/^http_requests_in_flight (\d+)/m.exec(text)?.[1]);
}

test('without REDIS_URL there is no cache, and no cache metric counts', async () => {
  await using service = await spawnService();
  const { body } = await service.api.place();
  const answers = [await read(service, body.id), await read(service, body.id)];
  expect(answers[0]).toEqual(answers[1]);
  expect(await cacheReads(service)).toEqual({ hit: 0, miss: 0, error: 0 });
  const status = (await (await fetch(`${service.adminUrl}/status`)).json()) as { circuitBreakers: object };
  expect(status.circuitBreakers).not.toHaveProperty('redis');
});
