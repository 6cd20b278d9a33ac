import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { readinessOf } from '../support/clients/condition-table.ts';
import { makeHostile, type RecordedCommit, recordCommits } from '../support/clients/hostile-settings.ts';
import { firstLookOf } from '../support/clients/first-look.ts';
import { quietWorker } from '../support/clients/settings.ts';
import {
  type SpawnedService,
  spawnReplica,
  spawnService,
  spawnSurroundings,
} from '../support/processes/spawn-service.ts';

// A role, a database or a managed plan has settings of its own. No answer, no charge and no commit depends on them.

/** As a float with `extra_float_digits = -10`, the text of this amount is 1.2346e+08. */
const exact = { ...teaOrder, items: [{ sku: 'TEA-001', quantity: 13, unitPriceMinor: 9_496_676 }] };

/** Spawns a service on a database whose sessions have hostile settings. */
async function spawnHostile(env: Record<string, string> = {}) {
  await using started = new AsyncDisposableStack();
  const surroundings = started.use(await spawnSurroundings());
  await surroundings.database.sql(recordCommits);
  await makeHostile(surroundings.database);
  const replica = started.use(await spawnReplica(surroundings, env));
  const owned = started.move();
  const close = () => owned.disposeAsync();
  return { ...surroundings, ...replica, close, [Symbol.asyncDispose]: close };
}

describe('a database whose sessions have hostile settings', () => {
  let service: SpawnedService;
  beforeAll(async () => {
    service = await spawnHostile({
      SETTLEMENT_POLL_INTERVAL: '50ms',
      SETTLEMENT_BACKOFF_BASE: '50ms',
      SETTLEMENT_BACKOFF_FLOOR: '10ms',
      SETTLEMENT_BACKOFF_CAP: '100ms',
      BREAKER_VOLUME: '1000',
    });
    return () => service.close();
  });

  test('orders are placed, repeated, read and listed with the times and the amount that were stored', async () => {
    const before = Date.now();
    const key = { 'idempotency-key': randomUUID() };
    const placed = await service.api.place(exact, key);
    expect([placed.status, placed.body.totalMinor]).toEqual([201, 123_456_788]);
    expect(Math.abs(Date.parse(placed.body.createdAt) - before)).toBeLessThan(60_000);
    const repeated = await service.api.place(exact, key);
    expect([repeated.status, repeated.body]).toEqual([201, placed.body]);
    expect((await service.api.get(`/orders/${placed.body.id}`)).body).toEqual(placed.body);
    const listed = await service.api.get<{ orders: unknown[] }>('/orders');
    expect(listed.body.orders).toContainEqual(placed.body);
    expect((await service.api.place(teaOrder, key)).status).toBe(422);
    expect(await service.gateway.chargeOf(placed.body.id)).toMatchObject({ amountMinor: 123_456_788 });
  });

  test('the settlement worker charges the amount that was stored, to the last digit', async () => {
    await service.gateway.setFaults({ errorRate: 1 });
    const { status, body } = await service.api.place(exact);
    expect(status).toBe(202);
    await service.gateway.clearFaults();
    await expect.poll(async () => (await service.api.get(`/orders/${body.id}`)).body.status).toBe('paid');
    expect(await service.gateway.chargeOf(body.id)).toMatchObject({ amountMinor: 123_456_788, captures: 1 });
  });

  test('every commit of an order waits for the disk, and reads what is committed', async () => {
    await service.gateway.setFaults({ errorRate: 1 });
    const { body } = await service.api.place(exact);
    await service.gateway.clearFaults();
    await service.api.request('POST', `/orders/${body.id}/cancel`);
    await Promise.all(Array.from({ length: 40 }, () => service.api.place()));
    const commits = await service.database.sql<RecordedCommit>(
      'SELECT DISTINCT statement, waits, isolation FROM public.commits ORDER BY statement',
    );
    expect(commits).toEqual(
      ['INSERT', 'UPDATE'].map((statement) => ({ statement, waits: 'on', isolation: 'read committed' })),
    );
  });

  test('the replica is ready', async () => {
    await expect.poll(() => readinessOf(service)).toMatchObject({ status: 200 });
  });
});

test('a commit that waits for more than the disk goes on doing so', async () => {
  await using surroundings = await spawnSurroundings();
  const { sql, name } = surroundings.database;
  await sql(recordCommits);
  await sql(`ALTER DATABASE ${name} SET synchronous_commit TO remote_apply`);
  await using service = await spawnReplica(surroundings, quietWorker);
  expect((await service.api.place()).status).toBe(201);
  expect(await sql('SELECT DISTINCT waits FROM commits')).toEqual([{ waits: 'remote_apply' }]);
  await expect.poll(() => readinessOf(service)).toMatchObject({ status: 200 });
});

test('an order costs two statements, and one that Postgres refuses costs no connection', async () => {
  await using service = await spawnService(quietWorker);
  const { sql } = service.database;
  await sql('CREATE EXTENSION pg_stat_statements');
  const counts = async () => {
    const [row] = await sql<{ statements: number; sessions: number }>(`
      SELECT (SELECT sum(calls)::int FROM pg_stat_statements
        WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query LIKE '%public.orders%'
      ) AS statements,
      (SELECT sessions::int FROM pg_stat_database WHERE datname = current_database()) AS sessions`);
    return row ?? { statements: 0, sessions: 0 };
  };
  await firstLookOf(service);
  await service.api.place();
  const before = await counts();
  for (let index = 0; index < 10; index += 1) expect((await service.api.place()).status).toBe(201);
  expect((await counts()).statements - before.statements).toBe(20);

  await sql(`ALTER TABLE orders ADD CHECK (customer_id <> 'cus_refused')`);
  for (let index = 0; index < 20; index += 1)
    expect((await service.api.place({ ...teaOrder, customerId: 'cus_refused' })).status).toBe(500);
  // The statistics of a session arrive when it ends, or after a second.
  expect((await counts()).sessions - before.sessions).toBeLessThanOrEqual(2);
});

test('a database that only reads because it is told to is not written to', async () => {
  await using surroundings = await spawnSurroundings();
  const { sql, name } = surroundings.database;
  await sql(`ALTER DATABASE ${name} SET default_transaction_read_only TO on`);
  await using service = await spawnReplica(surroundings, quietWorker);
  expect((await service.api.place()).status).toBeGreaterThanOrEqual(500);
  expect(await sql('SELECT FROM orders')).toEqual([]);
});
