import { expect, vi } from 'vitest';
import { scrapeMetrics } from '../../../lab/harness/exposition.ts';
import { type RedisServer, startRedisServer } from '../../../lab/harness/redis-server.ts';
import { quietWorker } from '../clients/settings.ts';
import { type Replica, type SpawnedService, spawnService } from './spawn-service.ts';
import { valueOf } from './traced-service.ts';

export interface ServiceWithRedis extends AsyncDisposable {
  service: SpawnedService;
  redis: RedisServer;
}

/** A Redis timeout that a busy machine does not exceed. */
export const patientWithRedis = { ...quietWorker, REDIS_COMMAND_TIMEOUT: '2s' };

/** Spawns the service, connected to its own Redis. */
export async function spawnWithRedis(env: Record<string, string> = {}): Promise<ServiceWithRedis> {
  await using started = new AsyncDisposableStack();
  const redis = started.use(await startRedisServer());
  const service = started.use(await spawnService({ ...patientWithRedis, REDIS_URL: redis.url, ...env }));
  await redisBecomes(service, 'closed');
  const owned = started.move();
  return { service, redis, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Waits until `/status` reports this state of the circuit to Redis. */
export async function redisBecomes(
  { adminUrl }: Pick<Replica, 'adminUrl'>,
  state: 'closed' | 'open',
): Promise<void> {
  await vi.waitFor(
    async () => {
      const status = (await (await fetch(`${adminUrl}/status`)).json()) as {
        circuitBreakers: { redis?: string };
      };
      expect(status.circuitBreakers.redis).toBe(state);
    },
    { timeout: 10_000, interval: 10 },
  );
}

/** Sums a counter over the series with these labels. */
export async function counted(
  { adminUrl }: Pick<Replica, 'adminUrl'>,
  name: string,
  labels: Record<string, string> = {},
): Promise<number> {
  return valueOf(await scrapeMetrics(adminUrl), name, labels);
}

/** Counts the commands sent to Redis, whether or not they were answered. */
export const commandsSent = (service: Pick<Replica, 'adminUrl'>, operation?: string): Promise<number> =>
  counted(service, 'dependency_request_duration_seconds_count', {
    dependency: 'redis',
    ...(operation !== undefined && { operation }),
  });

/** Counts the reads of orders by their result in the cache. */
export async function cacheReads(service: Replica): Promise<{ hit: number; miss: number; error: number }> {
  const of = (result: string) => counted(service, 'cache_requests_total', { cache: 'orders', result });
  return { hit: await of('hit'), miss: await of('miss'), error: await of('error') };
}
