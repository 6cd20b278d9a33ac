import { expect, test } from 'vitest';
import { scrapeMetrics } from '../../lab/harness/exposition.ts';
import { startRedisServer } from '../../lab/harness/redis-server.ts';
import {
  type Replica,
  spawnReplica,
  spawnService,
  spawnSurroundings,
} from '../support/processes/spawn-service.ts';
import { redisBecomes } from '../support/processes/spawn-with-redis.ts';
import { linesOf } from '../support/processes/spawn-with-script.ts';
import { valueOf } from '../support/processes/traced-service.ts';

const quick = {
  SETTLEMENT_POLL_INTERVAL: '50ms',
  SETTLEMENT_BACKOFF_BASE: '50ms',
  SETTLEMENT_BACKOFF_FLOOR: '10ms',
};

const pauseOf = async ({ adminUrl }: Replica) =>
  valueOf(await scrapeMetrics(adminUrl), 'payment_pause_seconds');
/** Charge requests that the gateway has seen, by order. */
const attempts = (service: Replica) => linesOf(service, 'order.left_pending');

test('no charge is sent for as long as the gateway asks, and every order is paid after it', async () => {
  await using service = await spawnService({ ...quick, PAYMENT_PAUSE_MAX: '4s' });
  await service.gateway.setFaults({ rateLimitRate: 1, retryAfterSeconds: 30 });
  const startedAt = performance.now();
  const first = await service.api.place();
  const others = await Promise.all(Array.from({ length: 8 }, () => service.api.place()));
  const placed = [first, ...others];
  expect(new Set(placed.map(({ status }) => status))).toEqual(new Set([202]));
  expect(performance.now() - startedAt).toBeLessThan(3500);

  const pause = await pauseOf(service);
  expect(pause).toBeGreaterThan(0);
  expect(pause).toBeLessThanOrEqual(4);
  expect(linesOf(service, 'payment.paused')).toMatchObject([
    { level: 'warn', pause_ms: 4000, shortened: true, learned: 'here' },
  ]);
  const reasons = attempts(service).map(({ reason }) => reason);
  expect(reasons.filter((reason) => reason === 'rate_limited')).toHaveLength(1);
  expect(reasons.filter((reason) => reason === 'paused')).toHaveLength(8);

  // The worker waits as well: by the end of the pause one request has asked again, and none before.
  await service.gateway.clearFaults();
  const statuses = async () =>
    new Set(
      await Promise.all(
        placed.map(async ({ body }) => (await service.api.get(`/orders/${body.id}`)).body.status),
      ),
    );
  await expect.poll(statuses, { timeout: 15_000 }).toEqual(new Set(['paid']));
  expect(performance.now() - startedAt).toBeGreaterThan(3900);
  const { charges } = await service.gateway.ledger();
  const total = charges.reduce((sum, charge) => sum + charge.attempts, 0);
  expect(total).toBe(placed.length + 1);
  expect(linesOf(service, 'payment.resumed')).toHaveLength(1);
  expect(linesOf(service, 'circuit_breaker.changed')).toEqual([]);
});

test('replicas that share a Redis share a pause', async () => {
  await using parts = new AsyncDisposableStack();
  const redis = parts.use(await startRedisServer());
  const around = parts.use(await spawnSurroundings());
  const env = { ...quick, REDIS_URL: redis.url, REDIS_COMMAND_TIMEOUT: '2s' };
  const one = parts.use(await spawnReplica(around, env));
  const other = parts.use(await spawnReplica(around, env));
  for (const replica of [one, other]) await redisBecomes(replica, 'closed');

  await around.gateway.setFaults({ rateLimitRate: 1, retryAfterSeconds: 30 });
  expect((await one.api.place()).status).toBe(202);
  await expect.poll(() => pauseOf(other), { timeout: 10_000 }).toBeGreaterThan(15);
  expect((await other.api.place()).status).toBe(202);
  expect(linesOf(other, 'order.left_pending')).toMatchObject([{ reason: 'paused' }]);
  expect(linesOf(other, 'payment.paused')).toMatchObject([{ learned: 'from_replica' }]);
});
