import { expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../lab/harness/redis-server.ts';
import { spawnServiceProcess } from '../../lab/harness/service-process.ts';
import { quietWorker } from '../support/clients/settings.ts';
import {
  type Replica,
  serviceEnvironment,
  spawnService,
  spawnSurroundings,
} from '../support/processes/spawn-service.ts';
import { commandsSent, redisBecomes } from '../support/processes/spawn-with-redis.ts';
import { linesOf } from '../support/processes/spawn-with-script.ts';

/** A rate limit that is counted but never reached, so that each request writes to Redis. */
const counting = {
  ...quietWorker,
  RATE_LIMIT_MAX: '1000000',
  RATE_LIMIT_WINDOW: '1h',
  REDIS_COMMAND_TIMEOUT: '2s',
};

const soon = { timeout: 30_000, interval: 20 };

const redisEvents = ({ logs }: Pick<Replica, 'logs'>) =>
  logs.map(({ event }) => event).filter((event) => String(event).startsWith('redis.'));

/** Connections of the service so far; those of the test itself have no name. */
async function connections(redis: RedisServer): Promise<number> {
  const statistics = String(await redis.command('INFO', 'commandstats'));
  return Number(/^cmdstat_client\|setname:calls=(\d+)/m.exec(statistics)?.[1] ?? 0);
}

test('a Redis that is a replica is left alone, with backoff, until it is a primary', async () => {
  await using primary = await startRedisServer();
  await using replica = await startRedisServer();
  const { port } = new URL(primary.url);
  await replica.command('REPLICAOF', '127.0.0.1', port);
  const startedAt = performance.now();
  await using service = await spawnService({ ...counting, REDIS_URL: replica.url });
  expect((await service.api.place()).status).toBe(201);

  await expect.poll(() => connections(replica), soon).toBeGreaterThan(8);
  // The bounds of the waits double from 50 ms to 2 s. Without backoff, eight waits take 0.4 s at most.
  expect(performance.now() - startedAt).toBeGreaterThan(600);
  expect(await commandsSent(service)).toBe(0);
  expect(redisEvents(service)).toEqual(['redis.unavailable']);
  expect(linesOf(service, 'redis.unavailable')).toMatchObject([
    { err: { message: expect.stringContaining('REDIS_URL leads to a read-only replica') } },
  ]);

  await replica.command('REPLICAOF', 'NO', 'ONE');
  await redisBecomes(service, 'closed');
  expect((await service.api.get('/orders')).status).toBe(200);
  expect(await commandsSent(service)).toBeGreaterThan(0);

  // A failover the other way round, which the connection survives.
  await replica.command('REPLICAOF', '127.0.0.1', port);
  expect((await service.api.get('/orders')).status).toBe(200);
  await redisBecomes(service, 'open');
  expect(redisEvents(service)).toEqual([
    'redis.unavailable',
    'redis.available',
    'redis.refused',
    'redis.unavailable',
  ]);
});

test('a Redis that is a node of a cluster is not used, and the log says so once', async () => {
  await using redis = await startRedisServer('--cluster-enabled', 'yes');
  await using service = await spawnService({ ...counting, REDIS_URL: redis.url });
  await expect.poll(() => connections(redis), soon).toBeGreaterThan(1);
  expect((await service.api.place()).status).toBe(201);

  expect(await commandsSent(service)).toBe(0);
  expect(redisEvents(service)).toEqual(['redis.unavailable']);
  expect(linesOf(service, 'redis.unavailable')).toMatchObject([
    { err: { message: expect.stringContaining('leads to a cluster server: Sentinel and Cluster are not') } },
  ]);
});

test('a Redis without the database that REDIS_URL names is not used, least of all in another database', async () => {
  await using redis = await startRedisServer();
  await using service = await spawnService({ ...counting, REDIS_URL: `${redis.url}/99` });
  await expect.poll(() => connections(redis), soon).toBeGreaterThan(1);
  expect((await service.api.place()).status).toBe(201);

  expect(await commandsSent(service)).toBe(0);
  expect(await redis.command('DBSIZE')).toBe(0);
  expect(redisEvents(service)).toEqual(['redis.unavailable']);
  expect(linesOf(service, 'redis.unavailable')).toMatchObject([
    {
      err: { message: 'REDIS_URL names database 99, which cannot be used: ERR DB index is out of range' },
    },
  ]);
});

test.each([
  ['lets this account not ask what it is', [], ['ACL', 'SETUSER', 'default', '-info']],
  ['has no such command as INFO', ['--rename-command', 'INFO', ''], []],
])('a Redis that %s is used, and nothing but log lines is written', async (_what, settings, command) => {
  await using parts = new AsyncDisposableStack();
  const redis = parts.use(await startRedisServer(...settings));
  const [name, ...values] = command;
  if (name !== undefined) await redis.command(name, ...values);
  const { database, gateway } = parts.use(await spawnSurroundings());
  const service = await spawnServiceProcess({
    env: { ...serviceEnvironment(database.url, gateway.url), ...counting, REDIS_URL: redis.url },
  });
  parts.defer(() => service.kill());
  await redisBecomes(service, 'closed');
  const answer = await fetch(`${service.url}/orders`, { headers: { authorization: 'Bearer shop-key' } });
  expect(answer.status).toBe(200);

  expect(await commandsSent(service)).toBeGreaterThan(0);
  expect(service.complaints()).toBe('');
});
