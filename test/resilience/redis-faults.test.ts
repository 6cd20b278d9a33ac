import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/config/environment.ts';
import { createRedis, type RedisEvents } from '../../src/redis/redis.ts';
import { startTcpProxy, type TcpProxy } from '../../lab/simulator/network/tcp-proxy.ts';
import { type RedisServer, startRedisServer } from '../../lab/harness/redis-server.ts';
import { spawnServiceProcess } from '../../lab/harness/service-process.ts';
import { noLimits, quietWorker } from '../support/clients/settings.ts';
import {
  type Replica,
  serviceEnvironment,
  type SpawnedService,
  spawnService,
  spawnSurroundings,
} from '../support/processes/spawn-service.ts';
import {
  cacheReads,
  commandsSent,
  counted,
  patientWithRedis,
  redisBecomes,
  spawnWithRedis,
} from '../support/processes/spawn-with-redis.ts';
import { linesOf } from '../support/processes/spawn-with-script.ts';
import { timed } from '../support/clients/timing.ts';

/** Rate limits that are counted but never reached. */
const counting = { ...noLimits, RATE_LIMIT_MAX: '1000000', RATE_LIMIT_WINDOW: '1h' };

const commandTimeout = 50;

const soon = { timeout: 10_000, interval: 20 };

const redisEvents = (service: Replica) =>
  service.logs.map(({ event }) => event).filter((event) => String(event).startsWith('redis.'));

/**
 * Reads the order over a few connections, one request after the other on each.
 *
 * @param requests the minimum number of requests
 * @param until continues beyond the minimum until it is aborted
 * @returns the number of responses per status
 */
async function readMany(
  { url }: Replica,
  id: string,
  requests: number,
  until: AbortSignal = AbortSignal.abort(),
): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  let sent = 0;
  const lanes = Array.from({ length: 8 }, async () => {
    while (sent < requests || !until.aborted) {
      sent += 1;
      const response = await fetch(`${url}/orders/${id}`, { headers: { authorization: 'Bearer shop-key' } });
      await response.arrayBuffer();
      statuses[response.status] = (statuses[response.status] ?? 0) + 1;
    }
  });
  await Promise.all(lanes);
  return statuses;
}

async function settledOrder({ api }: SpawnedService): Promise<string> {
  const { status, body } = await api.place();
  expect(status).toBe(201);
  return body.id;
}

describe('a Redis that is down', () => {
  test('a service starts while Redis is down, and uses it as soon as it is up', async () => {
    await using redis = await startRedisServer();
    await redis.kill();
    await using service = await spawnService({ ...patientWithRedis, ...counting, REDIS_URL: redis.url });
    const id = await settledOrder(service);
    expect(await readMany(service, id, 50)).toEqual({ 200: 50 });
    const readiness = await fetch(`${service.adminUrl}/readyz`);
    expect([readiness.status, JSON.stringify(await readiness.json())]).toEqual([
      200,
      expect.not.stringContaining('redis'),
    ]);
    await redisBecomes(service, 'open');
    expect(await commandsSent(service)).toBe(0);
    expect(await cacheReads(service)).toEqual({ hit: 0, miss: 0, error: 50 });
    expect(redisEvents(service)).toEqual(['redis.unavailable']);

    await redis.start();
    await redisBecomes(service, 'closed');
    expect(await readMany(service, id, 10)).toEqual({ 200: 10 });
    expect(await cacheReads(service)).toMatchObject({ error: 50 });
    expect(redisEvents(service)).toEqual(['redis.unavailable', 'redis.available']);
    expect(linesOf(service, 'redis.unavailable')).toMatchObject([
      { level: 'warn', reason: 'no_connection', err: { code: 'ECONNREFUSED' } },
    ]);
  });

  test('no request fails while Redis is killed and restarted under load', async () => {
    await using spawned = await spawnWithRedis(counting);
    const { service, redis } = spawned;
    const id = await settledOrder(service);
    const traffic = new AbortController();
    const reads = readMany(service, id, 2000, traffic.signal);
    const orders = (async () => {
      const statuses = new Set<number>();
      while (!traffic.signal.aborted) statuses.add((await service.api.place()).status);
      return [...statuses];
    })();

    await expect.poll(() => commandsSent(service), soon).toBeGreaterThan(200);
    await redis.kill();
    await redisBecomes(service, 'open');
    const sentBefore = await commandsSent(service);
    await expect
      .poll(
        () => counted(service, 'circuit_breaker_calls_total', { breaker: 'redis', outcome: 'rejected' }),
        soon,
      )
      .toBeGreaterThan(200);
    expect(await commandsSent(service)).toBe(sentBefore);
    await redis.start();
    await redisBecomes(service, 'closed');
    traffic.abort();

    expect(await reads).toEqual({ 200: expect.toSatisfy((count: number) => count >= 2000) });
    expect(await orders).toEqual([201]);
    expect(linesOf(service, 'redis.unavailable')).toMatchObject([{ reason: 'no_connection' }]);
    expect(redisEvents(service)).toEqual(['redis.unavailable', 'redis.available']);
    const { hit } = await cacheReads(service);
    expect(await readMany(service, id, 20)).toEqual({ 200: 20 });
    expect((await cacheReads(service)).hit).toBeGreaterThan(hit);
  });

  test.each<[how: string, takeAway: (parts: { redis: RedisServer; proxy: TcpProxy }) => Promise<void>]>([
    ['is up', () => Promise.resolve()],
    ['is down', ({ redis }) => redis.kill()],
    ['cannot be reached', async ({ proxy }) => proxy.setToxics([{ type: 'timeout' }])],
  ])('the service shuts down cleanly while Redis %s', async (_how, takeAway) => {
    await using parts = new AsyncDisposableStack();
    const redis = parts.use(await startRedisServer());
    const proxy = parts.use(await startTcpProxy(redis.url));
    const { database, gateway } = parts.use(await spawnSurroundings());
    const service = await spawnServiceProcess({
      env: { ...serviceEnvironment(database.url, gateway.url), ...counting, REDIS_URL: proxy.url },
    });
    parts.defer(() => service.kill());
    await redisBecomes(service, 'closed');
    await takeAway({ redis, proxy });
    const answer = await fetch(`${service.url}/orders`, { headers: { authorization: 'Bearer shop-key' } });
    expect(answer.status).toBe(200);

    const { result, took } = await timed(() => service.stop());
    expect(result).toEqual({ code: 0, signal: null });
    expect(took).toBeLessThan(8000);
    expect(service.complaints()).toBe('');
  });
});

describe('a Redis that does not answer in time', () => {
  const slowService = async () => {
    await using parts = new AsyncDisposableStack();
    const redis = parts.use(await startRedisServer());
    const proxy = parts.use(await startTcpProxy(redis.url));
    const service = parts.use(
      await spawnService({
        ...quietWorker,
        ...counting,
        REDIS_URL: proxy.url,
        REDIS_COMMAND_TIMEOUT: `${commandTimeout}ms`,
      }),
    );
    await redisBecomes(service, 'closed');
    const owned = parts.move();
    return { service, redis, proxy, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  };

  test.each<
    [
      how: string,
      makeSlow: (parts: Awaited<ReturnType<typeof slowService>>) => Promise<void> | void,
      mend?: (parts: Awaited<ReturnType<typeof slowService>>) => Promise<void>,
    ]
  >([
    [
      'because it is far away',
      ({ proxy }) => proxy.setToxics([{ type: 'latency', latency: 10 * commandTimeout, jitter: 0 }]),
    ],
    ['because the network drops all packets', ({ proxy }) => proxy.setToxics([{ type: 'timeout' }])],
    [
      'because it is at a standstill',
      // Longer than a busy machine takes for the reads.
      async ({ redis }) => void (await redis.command('CLIENT', 'PAUSE', 60_000)),
      async ({ redis }) => {
        await redis.kill();
        await redis.start();
      },
    ],
  ])('a Redis that times out %s gets a few commands, and then hardly any', async (_how, makeSlow, mend) => {
    await using parts = await slowService();
    const { service, proxy } = parts;
    const id = await settledOrder(service);
    await readMany(service, id, 20);
    const before = await commandsSent(service);

    await makeSlow(parts);
    const { result, took } = await timed(() => readMany(service, id, 600));
    expect(result).toEqual({ 200: 600 });
    // Without the circuit, each request would send two commands and wait twice: 7.5 seconds over 8 connections.
    expect((await commandsSent(service)) - before).toBeLessThan(150);
    expect(took).toBeLessThan(20_000);
    expect(linesOf(service, 'redis.unavailable')).toMatchObject([{ reason: 'timeouts' }]);

    proxy.setToxics([]);
    await mend?.(parts);
    await expect
      .poll(
        async () => {
          await readMany(service, id, 8);
          return redisEvents(service);
        },
        { timeout: 20_000, interval: 50 },
      )
      .toEqual(['redis.unavailable', 'redis.available']);
    const { hit } = await cacheReads(service);
    expect(await readMany(service, id, 20)).toEqual({ 200: 20 });
    expect((await cacheReads(service)).hit).toBeGreaterThan(hit);
  });
});

test('a Redis that has answered does not time out because the event loop was blocked', async () => {
  await using server = await startRedisServer();
  const connected = Promise.withResolvers<void>();
  const silent: RedisEvents = {
    started: () => ({ ended() {} }),
    skipped: () => {},
    circuitChanged: ({ to }) => {
      if (to === 'closed') connected.resolve();
    },
  };
  await server.kill();
  const config = { url: new Secret(server.url), commandTimeout };
  const redis = createRedis(config, silent);
  await server.start();
  await connected.promise;

  await redis.set('kept', 'value', 60_000);
  for (let round = 0; round < 5; round += 1) {
    const answer = redis.get('kept');
    const busyUntil = performance.now() + 5 * commandTimeout;
    while (performance.now() < busyUntil);
    expect(await answer).toBe('value');
  }
  redis.close();
});

test('a full Redis is still read from, and logged once', async () => {
  await using spawned = await spawnWithRedis(counting);
  const { service, redis } = spawned;
  const kept = await settledOrder(service);
  await readMany(service, kept, 1);
  await expect.poll(() => redis.command('KEYS', '*:settled:*')).toHaveLength(1);
  const before = await cacheReads(service);

  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  await redis.command('CONFIG', 'SET', 'maxmemory', 1);
  const other = await settledOrder(service);
  expect(await readMany(service, kept, 50)).toEqual({ 200: 50 });
  expect((await cacheReads(service)).hit).toBe(before.hit + 50);
  expect(await readMany(service, other, 50)).toEqual({ 200: 50 });
  expect((await cacheReads(service)).hit).toBeLessThan(before.hit + 100);
  expect(linesOf(service, 'redis.refused')).toMatchObject([
    { level: 'warn', err: { message: expect.stringMatching(/^OOM /) } },
  ]);
  expect(redisEvents(service)).toEqual(['redis.refused']);

  await redis.command('CONFIG', 'SET', 'maxmemory', 0);
  await readMany(service, other, 1);
  await expect.poll(() => redis.command('KEYS', '*:settled:*')).toHaveLength(2);
});

test('a Redis that rejects the password counts as down, and the password appears nowhere', async () => {
  await using redis = await startRedisServer();
  await redis.command('CONFIG', 'SET', 'requirepass', 'the-right-one');
  const url = redis.url.replace('//', '//orders:hush-hush@');
  await using service = await spawnService({ ...quietWorker, REDIS_URL: url });
  await redisBecomes(service, 'open');
  const id = await settledOrder(service);
  expect(await readMany(service, id, 20)).toEqual({ 200: 20 });
  await expect.poll(() => redisEvents(service)).toEqual(['redis.unavailable']);
  expect(linesOf(service, 'redis.unavailable')).toMatchObject([
    { err: { message: expect.stringContaining('WRONGPASS') } },
  ]);
  expect(JSON.stringify([service.logs, service.config])).not.toContain('hush-hush');
});
