import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { placeOrders, recordOutcomes } from '../../src/orders/order-statements.ts';
import { teaOrder } from '../support/clients/api-client.ts';
import { whileLocked } from '../support/clients/deadlines.ts';
import { metricOf, patiently } from '../support/clients/held-orders.ts';
import { claimKey, openTransaction } from '../support/clients/other-session.ts';
import { quietWorker } from '../support/clients/settings.ts';
import { hiccup, timed } from '../support/clients/timing.ts';
import { approve } from '../support/processes/scripted-gateway.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';
import { spawnWithScript } from '../support/processes/spawn-with-script.ts';
import { spawnTracedService } from '../support/processes/traced-service.ts';

// Orders that arrive together share a statement. No answer may differ because of it.

const many = 60;
/** Longer than any wait here, so that none of them ends one. */
const slowLimits = {
  ...quietWorker,
  DATABASE_STATEMENT_TIMEOUT: '20s',
  DATABASE_DEADLINE: '20s',
  PAYMENT_ATTEMPT_TIMEOUT: '20s',
  PAYMENT_DEADLINE: '20s',
};

/** Statements that orders shared, and the rows in them. */
async function sharedIn(service: Pick<SpawnedService, 'adminUrl'>, statement: string) {
  return {
    statements: await metricOf(service, 'pg_batch_rows_count', { statement }),
    rows: await metricOf(service, 'pg_batch_rows_sum', { statement }),
  };
}

const placeWith = ({ api }: SpawnedService, key: string, changes: Partial<typeof teaOrder> = {}) =>
  api.place({ ...teaOrder, ...changes }, { 'idempotency-key': key });

/** Has orders gather while the table is locked, and returns their answers once it is free again. */
async function placeTogether<Placed>(
  service: Pick<SpawnedService, 'database' | 'adminUrl'>,
  place: (index: number) => Promise<Placed>,
): Promise<Placed[]> {
  const { placing } = await whileLocked(service, async () => {
    const started = Array.from({ length: many }, (_, index) => place(index));
    await expect.poll(() => metricOf(service, 'http_requests_in_flight'), patiently).toBe(many);
    return { placing: started };
  });
  return Promise.all(placing);
}

describe('Orders that arrive together', () => {
  test('orders that arrive together share statements, and each gets the outcome of its own', async () => {
    await using service = await spawnService(slowLimits);
    // A cold service takes requests so slowly that few of them arrive together.
    await Promise.all(Array.from({ length: many }, (_, index) => placeWith(service, `warm-${index}`)));
    const warm = await sharedIn(service, 'place_orders');
    const tokens = ['tok_visa', 'tok_declined'];
    const answers = await placeTogether(service, (index) =>
      placeWith(service, `key-${index}`, {
        customerId: `cus_${index}`,
        paymentToken: tokens[index % 2] ?? '',
      }),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      Array.from({ length: many }, (_, index) => (index % 2 === 0 ? 201 : 402)),
    );
    for (const [index, { status, body }] of answers.entries()) {
      if (status === 201) expect(body.customerId).toBe(`cus_${index}`);
    }
    const placed = await sharedIn(service, 'place_orders');
    expect(placed.rows - warm.rows).toBe(many);
    expect(placed.statements - warm.statements).toBeLessThan(many / 4);
    expect((await sharedIn(service, 'record_outcomes')).rows).toBe(2 * many);
    const { charges } = await service.gateway.ledger();
    expect(charges.length).toBe(2 * many);
  });

  test('orders with the same idempotency keys in one statement are one order and one charge for each key', async () => {
    await using service = await spawnService(slowLimits);
    const answers = await placeTogether(service, (index) => placeWith(service, `key-${index % 10}`));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 409]));
    const refused = answers.filter(({ status }) => status === 409);
    expect(refused).toEqual(
      refused.map(() =>
        expect.objectContaining({ body: expect.objectContaining({ code: 'idempotency_in_progress' }) }),
      ),
    );
    const orders = await service.database.sql('SELECT id FROM orders');
    const { charges } = await service.gateway.ledger();
    expect([orders.length, charges.length]).toEqual([10, 10]);
  });

  test('orders that arrive together fail alone: an order that Postgres refuses takes no other with it', async () => {
    await using service = await spawnService(slowLimits);
    await service.database.sql(`ALTER TABLE orders ADD CHECK (customer_id <> 'cus_refused')`);
    const answers = await placeTogether(service, (index) =>
      placeWith(service, `key-${index}`, { customerId: index === 30 ? 'cus_refused' : `cus_${index}` }),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      Array.from({ length: many }, (_, index) => (index === 30 ? 500 : 201)),
    );
  });

  test.each([
    ['a row that a policy of the table forbids', '42501'],
    ['a page that is damaged', 'XX001'],
    ['a page that the disk does not read', '58030'],
  ])('orders that arrive together fail alone: %s fails no other order', async (_fault, code) => {
    await using service = await spawnService(slowLimits);
    await service.database.sql(`
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'this row' USING ERRCODE = '${code}'; END $$`);
    await service.database.sql(`
      CREATE TRIGGER fail BEFORE INSERT ON orders FOR EACH ROW
      WHEN (NEW.customer_id = 'cus_refused') EXECUTE FUNCTION fail()`);
    const answers = await placeTogether(service, (index) =>
      placeWith(service, `key-${index}`, { customerId: index === 30 ? 'cus_refused' : `cus_${index}` }),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      Array.from({ length: many }, (_, index) => (index === 30 ? 503 : 201)),
    );
  });

  test('orders that arrive together do not wait for a key that another session is about to claim', async () => {
    await using service = await spawnService(slowLimits);
    const session = await openTransaction(service);
    await claimKey(session, 'key-30');
    const placing = Array.from({ length: many }, (_, index) => placeWith(service, `key-${index}`));
    const others = await Promise.all(placing.filter((_, index) => index !== 30));
    expect(new Set(others.map(({ status }) => status))).toEqual(new Set([201]));
    await session.query('ROLLBACK');
    expect((await placing[30])?.status).toBe(201);
    await session.end();
  });

  test('orders that arrive together do not wait for an order that another session has locked when they are settled', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    await using scripted = await spawnWithScript(
      (charge) => released.then(() => approve(charge)),
      slowLimits,
    );
    const { service, gateway } = scripted;
    const placing = Array.from({ length: many }, (_, index) => placeWith(service, `key-${index}`));
    await expect.poll(() => gateway.charges.length, patiently).toBe(many);
    const session = await openTransaction(service);
    await session.query(`SELECT 1 FROM orders WHERE idempotency_key = 'key-30' FOR UPDATE`);
    release();
    const others = await Promise.all(placing.filter((_, index) => index !== 30));
    expect(new Set(others.map(({ status }) => status))).toEqual(new Set([201]));
    await session.query('COMMIT');
    expect((await placing[30])?.status).toBe(201);
    await session.end();
  });

  test('orders that arrive together behind a lock are answered at the deadline of the database, as one alone is', async () => {
    await using service = await spawnService({
      ...quietWorker,
      DATABASE_POOL_MAX: '80',
      DATABASE_STATEMENT_TIMEOUT: '3s',
      DATABASE_DEADLINE: '4s',
    });
    const answers = await whileLocked(service, () =>
      Promise.all(Array.from({ length: many }, () => timed(() => service.api.place()))),
    );
    expect(new Set(answers.map(({ result }) => result.status))).toEqual(new Set([503]));
    expect(await sharedIn(service, 'place_orders')).toMatchObject({ rows: many });
    expect(Math.max(...answers.map(({ took }) => took))).toBeLessThan(4000 + hiccup);
  });

  test('orders that arrive together are stored one by one with DATABASE_BATCHING=off', async () => {
    await using service = await spawnService({ ...slowLimits, DATABASE_BATCHING: 'off' });
    const answers = await Promise.all(
      Array.from({ length: many }, (_, index) => placeWith(service, `key-${index}`)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(await sharedIn(service, 'place_orders')).toEqual({ statements: 0, rows: 0 });
  });

  test.each(['lean', 'auto'])(
    'orders that arrive together have a span each for the statement that they share, with its size, with %s instrumentation',
    async (instrumentation) => {
      await using traced = await spawnTracedService({
        ...slowLimits,
        TELEMETRY_INSTRUMENTATION: instrumentation,
      });
      const service = { database: traced.database, adminUrl: traced.process.adminUrl };
      await placeTogether(service, () => traced.api.place());
      const inserts = () => traced.receiver.spans.filter(({ name }) => name === 'INSERT orders');
      await expect.poll(() => inserts().length, patiently).toBe(many);
      const sizes = inserts().map(({ attributes }) => attributes['db.operation.batch.size']);
      expect(Math.max(...sizes.map(Number).filter((size) => !Number.isNaN(size)))).toBeGreaterThan(1);
      // The conventions leave it out of a statement of one row.
      expect(sizes).not.toContain(1);
    },
  );

  test.each(['lean', 'auto'])(
    'orders that another holder has taken meanwhile have one span each for their outcome, with %s instrumentation',
    async (instrumentation) => {
      await using traced = await spawnTracedService({
        ...slowLimits,
        TELEMETRY_INSTRUMENTATION: instrumentation,
      });
      const { sql } = traced.database;
      await traced.gateway.setFaults({ latencyMs: 1500 });
      const placing = Array.from({ length: 5 }, () => traced.api.place());
      await expect.poll(async () => (await sql('SELECT id FROM orders')).length, patiently).toBe(5);
      await sql('UPDATE orders SET round = round + 1');
      expect(new Set((await Promise.all(placing)).map(({ status }) => status))).toEqual(new Set([202]));
      const named = (wanted: string) => traced.receiver.spans.filter(({ name }) => name === wanted);
      await expect.poll(() => named('SELECT orders').length, patiently).toBe(5);
      expect(named('UPDATE orders').length).toBe(5);
    },
  );
});

test('of the orders with one key in a statement, the one that came first is stored', async () => {
  await using service = await spawnService(quietWorker);
  const session = await openTransaction(service);
  const keys = Array.from({ length: 16 }, () => randomUUID());
  const rows = [...keys, ...keys].map((key) => ({
    id: randomUUID(),
    client_id: 'shop',
    idempotency_key: key,
    request_hash: '00',
    customer_id: 'cus_42',
    currency: 'EUR',
    items: [],
    total_minor: 0,
    payment_token: 'tok_visa',
    lease: 1000,
  }));
  const { rows: stored } = await session.query<{ id: string }>(placeOrders.text, [JSON.stringify(rows)]);
  await session.end();
  const first = rows.slice(0, 16).map(({ id }) => id);
  expect(stored.map(({ id }) => id).toSorted()).toEqual(first.toSorted());
});

test('the plan for shared outcomes uses the primary key, even when it was made for an empty table', async () => {
  await using service = await spawnService(quietWorker);
  const { sql } = service.database;
  await sql('SET plan_cache_mode = force_generic_plan');
  await sql(`PREPARE record_outcomes (jsonb) AS ${recordOutcomes.text}`);
  const plan = await sql<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE record_outcomes ('[]')`);
  const text = plan.map((line) => line['QUERY PLAN']).join('\n');
  expect(text).not.toMatch(/Seq Scan on orders/);
  expect(text.match(/Index Scan using orders_pkey on orders/g)?.length).toBe(2);
});
