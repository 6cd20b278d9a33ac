import { expect, test } from 'vitest';
import type { RedisServer } from '../../lab/harness/redis-server.ts';
import { startRedisServer } from '../../lab/harness/redis-server.ts';
import {
  type Replica,
  spawnReplica,
  spawnSurroundings,
  type Surroundings,
} from '../support/processes/spawn-service.ts';
import {
  commandsSent,
  patientWithRedis,
  redisBecomes,
  spawnWithRedis,
} from '../support/processes/spawn-with-redis.ts';

const unknown = '/orders/019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11';

interface Replicas extends AsyncDisposable {
  replicas: [Replica, Replica];
  redis: RedisServer;
  around: Surroundings;
}

/** Two replicas with one database, one gateway and one Redis. */
async function spawnTwo(max: number): Promise<Replicas> {
  await using parts = new AsyncDisposableStack();
  const redis = parts.use(await startRedisServer());
  const around = parts.use(await spawnSurroundings());
  const env = {
    ...patientWithRedis,
    REDIS_URL: redis.url,
    RATE_LIMIT_MAX: String(max),
    RATE_LIMIT_WINDOW: '1h',
  };
  const first = parts.use(await spawnReplica(around, env));
  const second = parts.use(await spawnReplica(around, env));
  for (const replica of [first, second]) await redisBecomes(replica, 'closed');
  const owned = parts.move();
  return {
    replicas: [first, second],
    redis,
    around,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Sends requests and returns how many were not limited. */
async function letThrough(
  replica: Replica,
  requests: number,
  client: 'api' | 'otherApi' = 'api',
): Promise<number> {
  let count = 0;
  for (let request = 0; request < requests; request += 1) {
    if ((await replica[client].refused('GET', unknown)).status === 404) count += 1;
  }
  return count;
}

test('replicas with one Redis share the rate limits of their clients', async () => {
  await using two = await spawnTwo(10);
  const [first, second] = two.replicas;
  expect(await letThrough(first, 6)).toBe(6);
  expect(await letThrough(second, 6)).toBe(4);
  expect(await letThrough(first, 3)).toBe(0);
  expect((await second.otherApi.refused('GET', unknown)).status).toBe(404);
});

test('a client over its limit causes no Redis command while its window lasts', async () => {
  await using two = await spawnTwo(5);
  const [first] = two.replicas;
  await letThrough(first, 6);
  const sent = await commandsSent(first);
  expect(await letThrough(first, 50)).toBe(0);
  expect(await commandsSent(first)).toBe(sent);
});

test('a client over its limit is counted in Redis again when its window has ended', async () => {
  await using one = await spawnWithRedis({ RATE_LIMIT_MAX: '2', RATE_LIMIT_WINDOW: '1s' });
  const { service } = one;
  await expect.poll(() => letThrough(service, 1), { interval: 1 }).toBe(0);
  const sent = await commandsSent(service);
  await expect.poll(() => letThrough(service, 1)).toBe(1);
  expect(await commandsSent(service)).toBeGreaterThan(sent);
});

test('each replica continues from its own count without Redis, and they count together when it returns', async () => {
  await using two = await spawnTwo(10);
  const [first, second] = two.replicas;
  expect(await letThrough(first, 7)).toBe(7);

  await two.redis.kill();
  for (const replica of two.replicas) await redisBecomes(replica, 'open');
  expect(await letThrough(first, 7)).toBe(3);
  // The second replica has not seen this client.
  expect(await letThrough(second, 3)).toBe(3);

  await two.redis.start();
  for (const replica of two.replicas) await redisBecomes(replica, 'closed');
  expect(await letThrough(first, 3, 'otherApi')).toBe(3);
  expect(await letThrough(second, 10, 'otherApi')).toBe(7);
});

test('flushing Redis restarts the windows and refuses no request', async () => {
  await using two = await spawnTwo(5);
  const [first, second] = two.replicas;
  expect(await letThrough(first, 5)).toBe(5);
  await two.redis.command('FLUSHALL');
  await two.redis.command('SCRIPT', 'FLUSH');
  expect(await letThrough(second, 6)).toBe(5);
});

test('a counter in Redis without an expiry gets one', async () => {
  await using two = await spawnTwo(100);
  const [first] = two.replicas;
  await letThrough(first, 1);
  const [key = ''] = (await two.redis.command('KEYS', 'orders:requests:*')) as string[];
  await two.redis.command('PERSIST', key);
  expect(await letThrough(first, 1)).toBe(1);
  expect(Number(await two.redis.command('PTTL', key))).toBeGreaterThan(3_500_000);
});
