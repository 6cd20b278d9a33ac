import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type OrderBody, teaOrder } from '../support/clients/api-client.ts';
import { patientWithRedis, redisBecomes } from '../support/processes/spawn-with-redis.ts';
import { quickSettlement } from '../support/clients/settings.ts';
import {
  type Replica,
  spawnReplica,
  spawnSurroundings,
  type Surroundings,
} from '../support/processes/spawn-service.ts';
import { startRedisServer } from '../../lab/harness/redis-server.ts';

// What docs/database/backups.md says of a restore to an earlier moment.

let surroundings: Surroundings;
beforeEach(async () => {
  surroundings = await spawnSurroundings();
});
afterEach(() => surroundings[Symbol.asyncDispose]());

const backUp = () => surroundings.database.sql('CREATE TABLE backup AS TABLE orders');

/** To be called while no replica runs, as the page says. */
async function restore(): Promise<void> {
  await surroundings.database.sql('TRUNCATE orders');
  await surroundings.database.sql('INSERT INTO orders TABLE backup');
}

const statusOf = async ({ api }: Replica, id: string) => (await api.get(`/orders/${id}`)).body.status;

test('an order that was pending in the backup is settled again, with the charge that it had', async () => {
  const { gateway } = surroundings;
  const before = await spawnReplica(surroundings, quickSettlement);
  await gateway.setFaults({ errorRate: 1 });
  const { status, body } = await before.api.place();
  expect(status).toBe(202);
  await backUp();
  await gateway.clearFaults();
  await expect.poll(() => statusOf(before, body.id)).toBe('paid');
  const { paymentId } = (await before.api.get(`/orders/${body.id}`)).body;
  await before.close();

  await restore();
  await using after = await spawnReplica(surroundings, quickSettlement);
  await expect.poll(() => statusOf(after, body.id)).toBe('paid');
  expect((await after.api.get(`/orders/${body.id}`)).body.paymentId).toBe(paymentId);
  expect(await gateway.chargeOf(body.id)).toMatchObject({ captures: 1 });
});

test('an order that was cancelled after the backup is cancelled again', async () => {
  const { gateway } = surroundings;
  const before = await spawnReplica(surroundings, { ...quickSettlement, SETTLEMENT_POLL_INTERVAL: '1h' });
  await gateway.setFaults({ errorRate: 1 });
  const { body } = await before.api.place();
  await backUp();
  await gateway.clearFaults();
  const cancelled = await before.api.request<OrderBody>('POST', `/orders/${body.id}/cancel`);
  expect([cancelled.status, cancelled.body.status]).toEqual([200, 'cancelled']);
  await before.close();

  await restore();
  await using after = await spawnReplica(surroundings, quickSettlement);
  await expect.poll(() => statusOf(after, body.id)).toBe('cancelled');
  expect(await gateway.chargeOf(body.id)).toMatchObject({ status: 'cancelled' });
});

test('an order that is younger than the backup is lost with its key: its repeat is charged again, and the ledger has both', async () => {
  const { gateway, database } = surroundings;
  const before = await spawnReplica(surroundings);
  const kept = await before.api.place();
  await backUp();
  const key = { 'idempotency-key': randomUUID() };
  const lost = await before.api.place(teaOrder, key);
  await before.close();

  await restore();
  await using after = await spawnReplica(surroundings);
  expect((await after.api.get(`/orders/${kept.body.id}`)).status).toBe(200);
  expect((await after.api.get(`/orders/${lost.body.id}`)).status).toBe(404);
  const repeated = await after.api.place(teaOrder, key);
  expect(repeated.status).toBe(201);
  expect(repeated.body.id).not.toBe(lost.body.id);

  const { charges } = await gateway.ledger();
  const stored = new Set((await database.sql<{ id: string }>('SELECT id FROM orders')).map(({ id }) => id));
  const withoutOrder = charges.filter((charge) => !stored.has(charge.key));
  expect(withoutOrder.map((charge) => charge.key)).toEqual([lost.body.id]);
});

test('Redis answers for an order that the restore has lost, until it is emptied', async () => {
  await using redis = await startRedisServer();
  const env = { ...patientWithRedis, REDIS_URL: redis.url };
  const before = await spawnReplica(surroundings, env);
  await redisBecomes(before, 'closed');
  await backUp();
  const { body } = await before.api.place();
  expect(await statusOf(before, body.id)).toBe('paid');
  await expect.poll(() => redis.command('KEYS', 'orders:*:settled:*')).toHaveLength(1);
  await before.close();

  await restore();
  await using after = await spawnReplica(surroundings, env);
  await redisBecomes(after, 'closed');
  expect(await statusOf(after, body.id)).toBe('paid');
  await redis.command('FLUSHALL');
  expect((await after.api.get(`/orders/${body.id}`)).status).toBe(404);
});
