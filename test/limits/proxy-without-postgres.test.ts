import { expect, test } from 'vitest';
import { freePort } from '../../lab/harness/free-port.ts';
import { startHaProxy } from '../../lab/harness/haproxy.ts';
import { startRedisServer } from '../../lab/harness/redis-server.ts';
import { createApiClient, type ProblemBody } from '../support/clients/api-client.ts';
import { haproxyMetric } from '../support/clients/haproxy-metric.ts';
import { patiently } from '../support/clients/held-orders.ts';
import { startBreakablePostgres } from '../support/processes/breakable-postgres.ts';
import { approve, startScriptedGateway } from '../support/processes/scripted-gateway.ts';
import { spawnReplica } from '../support/processes/spawn-service.ts';
import { patientWithRedis } from '../support/processes/spawn-with-redis.ts';

test('customers behind the proxy get cached reads, 202 and 503 from the replicas themselves while Postgres is stopped', async () => {
  await using postgres = await startBreakablePostgres();
  await using redis = await startRedisServer();
  await using gateway = await startScriptedGateway();
  const spawn = async () => {
    const agentPort = await freePort();
    const replica = await spawnReplica(
      { database: { url: postgres.url }, gateway },
      {
        ...patientWithRedis,
        REDIS_URL: redis.url,
        AGENT_PORT: String(agentPort),
        DATABASE_DEADLINE: '500ms',
      },
    );
    return { ...replica, agentPort };
  };
  await using first = await spawn();
  await using second = await spawn();
  await using proxy = await startHaProxy([first, second]);
  const replicasOf = (backend: string) => haproxyMetric(proxy, 'haproxy_backend_active_servers', backend);
  await expect.poll(() => replicasOf('orders'), patiently).toBe(2);
  const api = await createApiClient(proxy.url, 'shop-key');
  const refused = (method: string, path: string) => api.refused(method, path);

  const paid = await api.place();
  expect(paid.status).toBe(201);
  const before = await api.get(`/orders/${paid.body.id}`);
  await expect.poll(() => redis.command('KEYS', 'orders:*:settled:*'), patiently).toHaveLength(1);
  const uncached = await api.place();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  gateway.follow((charge) => released.then(() => approve(charge)));
  const placing = api.place();
  await expect.poll(() => gateway.charges.length, patiently).toBe(3);

  const mend = await postgres.stop();
  await expect.poll(() => replicasOf('orders'), patiently).toBe(0);
  expect(await replicasOf('orders-live')).toBe(2);
  release();
  // It was stored before, its card has been charged, and nobody can store that now.
  const pending = await placing;
  expect([pending.status, pending.body.status]).toEqual([202, 'pending']);

  // More often than there are replicas.
  for (let round = 0; round < 3; round += 1) {
    const read = await api.get(`/orders/${paid.body.id}`);
    expect([read.status, read.body]).toEqual([200, before.body]);
    for (const answer of [
      await refused('GET', `/orders/${uncached.body.id}`),
      await refused('GET', '/orders'),
      await api.place(),
    ]) {
      const { code } = answer.body as unknown as ProblemBody;
      // The proxy's own 503 would say `service_unavailable`.
      expect([answer.status, code]).toEqual([503, 'database_unavailable']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    }
  }

  await mend();
  await expect.poll(() => replicasOf('orders'), patiently).toBe(2);
  expect((await api.place()).status).toBe(201);
});
