import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { deadlineIn } from '../../src/resilience/deadline.ts';
import { createDatabase, type DatabaseEvents, type Statement } from '../../src/postgres/database.ts';
import { type ProblemBody, teaOrder } from '../support/clients/api-client.ts';
import { insertsIn, whileLocked } from '../support/clients/deadlines.ts';
import { quietWorker } from '../support/clients/settings.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';
import { linesOf } from '../support/processes/spawn-with-script.ts';
import { hiccup, timed } from '../support/clients/timing.ts';

const short = {
  ...quietWorker,
  DATABASE_CONNECT_TIMEOUT: '200ms',
  DATABASE_STATEMENT_TIMEOUT: '200ms',
  DATABASE_DEADLINE: '600ms',
};
/** The longest that one statement can take with the configuration above. */
const longest = 600 + 200;

const endSessions = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'orders'`;

/** Makes a statement on `orders` fail the first `times` times. A sequence counts them, because it is never rolled back. */
function sabotage(statement: 'INSERT' | 'UPDATE', code: string, times: number) {
  return `
    CREATE SEQUENCE tries;
    CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('tries') <= ${times} THEN
        RAISE EXCEPTION 'sabotaged' USING ERRCODE = '${code}';
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER sabotage BEFORE ${statement} ON orders FOR EACH ROW EXECUTE FUNCTION sabotage()`;
}
const endSabotage = `
  DROP TRIGGER IF EXISTS sabotage ON orders; DROP FUNCTION IF EXISTS sabotage; DROP SEQUENCE IF EXISTS tries`;

async function triesOf(service: SpawnedService) {
  const [row] = await service.database.sql<{ tries: number }>('SELECT last_value::int AS tries FROM tries');
  return row?.tries;
}

const rowsUnder = async (service: SpawnedService, key: string) =>
  service.database.sql<{ id: string; status: string }>(
    'SELECT id, status FROM orders WHERE idempotency_key = $1',
    [key],
  );

describe('sessions that Postgres terminates', () => {
  let service: SpawnedService;
  beforeAll(async () => {
    service = await spawnService(quietWorker);
    return () => service.close();
  });

  test('idle sessions that Postgres terminates are replaced without an effect on requests, and logged', async () => {
    await Promise.all(Array.from({ length: 10 }, () => service.api.place()));
    const ended = await service.database.sql(endSessions);
    expect(ended.length).toBeGreaterThan(1);
    await expect.poll(() => linesOf(service, 'postgres.connection_lost')).toHaveLength(ended.length);

    expect(linesOf(service, 'postgres.connection_lost')[0]).toMatchObject({
      level: 'warn',
      err: { code: '57P01' },
    });
    expect((await service.api.place()).status).toBe(201);
  });

  test('sessions that Postgres keeps terminating under load cost no order: every success has exactly one', async () => {
    const keys = Array.from({ length: 100 }, () => randomUUID());
    const waiting = keys.values();
    const statuses = new Map<string, number>();
    const clients = Array.from({ length: 10 }, async () => {
      for (const key of waiting) {
        statuses.set(key, (await service.api.place(teaOrder, { 'idempotency-key': key })).status);
        if (statuses.size % 5 === 0) await service.database.sql(endSessions);
      }
    });
    await Promise.all(clients);

    const rows = await service.database.sql<{ key: string; orders: string[] }>(
      'SELECT idempotency_key AS key, array_agg(status) AS orders FROM orders GROUP BY 1',
    );
    const ordersUnder = new Map(rows.map(({ key, orders }) => [key, orders]));
    const allowed: Record<number, string[]> = {
      201: ['paid'],
      202: ['pending', 'paid'],
      503: ['', 'pending', 'paid'],
    };
    const wrong = [...statuses].filter(
      ([key, status]) => allowed[status]?.includes(ordersUnder.get(key)?.join() ?? '') !== true,
    );
    expect(wrong).toEqual([]);
    expect(linesOf(service, 'postgres.retry').length).toBeGreaterThan(0);
    const { charges } = await service.gateway.ledger();
    expect(charges.filter(({ captures }) => captures > 1)).toEqual([]);
    expect((await service.api.place()).status).toBe(201);
  });
});

describe('a statement that fails', () => {
  let service: SpawnedService;
  beforeAll(async () => {
    service = await spawnService(short);
    return () => service.close();
  });
  afterEach(() => service.database.sql(endSabotage));

  test.each([
    ['a serialization failure', '40001'],
    ['a deadlock', '40P01'],
    ['too many connections', '53300'],
    ['a shutdown of Postgres', '57P01'],
  ])('a statement is retried after %s, and the order is stored once', async (_what, code) => {
    await service.database.sql(sabotage('INSERT', code, 2));
    const key = randomUUID();
    const { status, headers } = await service.api.place(teaOrder, { 'idempotency-key': key });

    expect(status).toBe(201);
    expect(await triesOf(service)).toBe(3);
    expect(await rowsUnder(service, key)).toMatchObject([{ status: 'paid' }]);
    const requestId = headers.get('x-request-id');
    const lines = linesOf(service, 'postgres.retry').filter((line) => line['request_id'] === requestId);
    expect(lines).toMatchObject([
      { level: 'warn', statement: 'place_order', attempt: 1, sqlstate: code },
      { level: 'warn', statement: 'place_order', attempt: 2, sqlstate: code },
    ]);
    for (const [index, { delay_ms: wait }] of lines.entries()) {
      expect(Number(wait)).toBeGreaterThanOrEqual(5);
      expect(Number(wait)).toBeLessThanOrEqual(20 * 2 ** index);
    }
  });

  test('a statement that keeps failing ends in 503 with Retry-After at the deadline of the database', async () => {
    await service.database.sql(sabotage('INSERT', '40001', 1_000_000));
    const { result, took } = await timed(() => service.api.place());

    const problem = result.body as unknown as ProblemBody;
    expect([result.status, problem.code]).toEqual([503, 'database_unavailable']);
    expect(Number(result.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(took).toBeLessThan(longest + hiccup);
    expect(await triesOf(service)).toBeGreaterThan(3);
  });

  test('a statement that violates a constraint is not retried, ends in 500 and is logged as a defect', async () => {
    await service.database.sql(sabotage('INSERT', '23514', 1));
    const { status, headers } = await service.api.place();

    expect(status).toBe(500);
    expect(await triesOf(service)).toBe(1);
    const lines = linesOf(service, 'http.defect');
    expect(lines.at(-1)).toMatchObject({
      level: 'error',
      request_id: headers.get('x-request-id'),
      err: { code: '23514' },
    });
  });

  test('a statement behind a lock is cancelled and ends in 503 with Retry-After, until the lock is released', async () => {
    const { result, took } = await whileLocked(service, () => timed(() => service.api.place()));

    expect(result.status).toBe(503);
    expect(Number(result.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(took).toBeLessThan(longest + hiccup);
    expect(linesOf(service, 'postgres.retry').at(-1)).toMatchObject({ sqlstate: '57014' });
    expect((await service.api.place()).status).toBe(201);
  });

  const alwaysRolledBack = `
    CREATE SEQUENCE tries;
    CREATE OR REPLACE FUNCTION fail() RETURNS int LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM nextval('tries');
      RAISE EXCEPTION 'sabotaged' USING ERRCODE = '40001';
    END $$`;
  const silent: DatabaseEvents = {
    started: () => ({ retrying() {}, sent() {}, ended() {} }),
    connectionLost() {},
    conditionBegan() {},
    conditionEnded() {},
    serverFound() {},
  };
  const failing = (repeatable: boolean): Statement => ({
    name: 'fail',
    summary: 'fail',
    text: 'SELECT fail()',
    repeatable,
  });

  test('a statement that is not repeatable is not retried', async () => {
    await service.database.sql(alwaysRolledBack);
    const database = createDatabase(service.config.postgres, silent);
    await expect(database.run(failing(false), [])).rejects.toMatchObject({ code: 'database_unavailable' });
    await database.close();
    expect(await triesOf(service)).toBe(1);
  });

  test("a statement that is always rolled back ends as deadline_exceeded by its caller's deadline", async () => {
    await service.database.sql(alwaysRolledBack);
    // A busy machine may need hundreds of milliseconds to connect.
    const patient = { ...service.config.postgres, connectTimeout: 20_000, deadline: 20_000 };
    const database = createDatabase(patient, silent);
    const { took } = await timed(() =>
      expect(database.run(failing(true), [], deadlineIn(1000))).rejects.toMatchObject({
        code: 'deadline_exceeded',
      }),
    );
    await database.close();
    expect(took).toBeLessThan(1000 + hiccup);
    expect(await triesOf(service)).toBeGreaterThan(1);
  });
});

test('an exhausted connection pool ends requests in 503 with Retry-After instead of making them wait', async () => {
  await using service = await spawnService({ ...short, DATABASE_POOL_MAX: '1' });
  expect((await service.api.place()).status).toBe(201);
  const placeTwenty = () => Promise.all(Array.from({ length: 20 }, () => service.api.place()));
  const { result, took } = await whileLocked(service, () => timed(placeTwenty));

  expect(new Set(result.map(({ status }) => status))).toEqual(new Set([503]));
  expect(result.every(({ headers }) => Number(headers.get('retry-after')) > 0)).toBe(true);
  expect(took).toBeLessThan(longest + hiccup);
  expect(new Set((await placeTwenty()).map(({ status }) => status))).toEqual(new Set([201]));
});

test.each([
  ['none', '0s'],
  ['an hour', '1h'],
])(
  'with a statement timeout of %s, an order behind a lock is answered 503 and never stored',
  async (_what, timeout) => {
    await using service = await spawnService({ ...short, DATABASE_STATEMENT_TIMEOUT: timeout });
    await whileLocked(service, async () => {
      expect((await service.api.place()).status).toBe(503);
      // The answer does not wait for a cancellation that a busy machine makes late.
      await expect.poll(() => insertsIn(service.database)).toEqual([]);
    });
    expect(await service.database.sql('SELECT id FROM orders')).toEqual([]);
  },
);

test('an outcome that cannot be stored leaves the order pending, and the card is still charged only once', async () => {
  await using service = await spawnService({
    ...short,
    // With the statements before and after it, the lease of a request: longer than a busy machine takes for the one below.
    PAYMENT_DEADLINE: '2s',
    SETTLEMENT_POLL_INTERVAL: '50ms',
  });
  await service.database.sql(sabotage('UPDATE', '57P01', 1_000_000));
  const key = { 'idempotency-key': randomUUID() };
  const { status, body } = await service.api.place(teaOrder, key);

  expect([status, body.status]).toEqual([202, 'pending']);
  expect(await service.gateway.chargeOf(body.id)).toMatchObject({ status: 'succeeded', captures: 1 });
  expect(linesOf(service, 'order.outcome_not_stored', body.id)).toMatchObject([{ level: 'warn' }]);

  await service.database.sql(endSabotage);
  // The lease of the request above has not expired, so for all others the request is still in flight.
  expect((await service.api.place(teaOrder, key)).status).toBe(409);
  await expect
    .poll(async () => (await service.api.place(teaOrder, key)).status, { timeout: 20_000, interval: 100 })
    .toBe(201);
  expect(await service.gateway.chargeOf(body.id)).toMatchObject({ captures: 1 });
  expect(await rowsUnder(service, key['idempotency-key'])).toEqual([{ id: body.id, status: 'paid' }]);
});

test('a defect while an outcome is stored leaves the order pending, and is an error line', async () => {
  await using service = await spawnService(short);
  await service.database.sql(sabotage('UPDATE', 'P0001', 1_000_000));
  const { status, body } = await service.api.place();
  expect([status, body.status]).toEqual([202, 'pending']);
  expect(linesOf(service, 'order.outcome_not_stored', body.id)).toMatchObject([{ level: 'error' }]);
});
