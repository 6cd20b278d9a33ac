import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadDevConfig } from '../../lab/dev/config.ts';
import { startDatabase } from '../../lab/dev/dependencies.ts';
import { type PgBouncer, type PoolMode, startPgBouncer } from '../../lab/harness/pgbouncer.ts';
import { type ProblemBody, teaOrder } from '../support/clients/api-client.ts';
import { readinessOf } from '../support/clients/condition-table.ts';
import { place, whileLocked, within } from '../support/clients/deadlines.ts';
import { makeHostile, recordCommits } from '../support/clients/hostile-settings.ts';
import { quietWorker } from '../support/clients/settings.ts';
import { hiccup, timed } from '../support/clients/timing.ts';
import { linesOf } from '../support/processes/spawn-with-script.ts';
import {
  type SpawnedService,
  spawnReplica,
  spawnSurroundings,
  type Surroundings,
} from '../support/processes/spawn-service.ts';

// A real PgBouncer with its defaults stands between the service and Postgres.

/** Fewer than the service has, so that connections share them. */
const poolSize = 6;
/** Time for a busy machine, so that no wait of it changes an answer. */
const patient = {
  DATABASE_CONNECT_TIMEOUT: '20s',
  DATABASE_STATEMENT_TIMEOUT: '20s',
  DATABASE_DEADLINE: '20s',
  PAYMENT_ATTEMPT_TIMEOUT: '20s',
  PAYMENT_DEADLINE: '20s',
};
const exact = { ...teaOrder, items: [{ sku: 'TEA-001', quantity: 13, unitPriceMinor: 9_496_676 }] };

/** Spawns a service that reaches its database through a pooler of its own. */
async function spawnPooled(
  mode: PoolMode,
  env: Record<string, string> = {},
  prepare: (surroundings: Surroundings) => Promise<unknown> = async () => {},
) {
  await using started = new AsyncDisposableStack();
  const surroundings = started.use(await spawnSurroundings());
  await prepare(surroundings);
  const pooler = started.use(await startPgBouncer(surroundings.database.url, { poolSize }));
  const replica = started.use(await spawnReplica(surroundings, { ...env, DATABASE_URL: pooler.url(mode) }));
  const owned = started.move();
  const close = () => owned.disposeAsync();
  return { ...surroundings, ...replica, pooler, close, [Symbol.asyncDispose]: close };
}

/** Statements that Postgres runs for the service. */
async function running({ database }: Pick<SpawnedService, 'database'>) {
  // Within a transaction, Postgres would repeat the snapshot of the first look.
  await database.sql('SELECT pg_stat_clear_snapshot()');
  return database.sql(`
    SELECT query FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'
      AND query LIKE '%public.orders%'`);
}

describe.each([
  { mode: 'transaction', env: {} },
  { mode: 'session', env: { DATABASE_POOLER: 'session' } },
] as const)('PgBouncer in $mode mode, with $env', ({ mode, env }) => {
  let service: SpawnedService & { pooler: PgBouncer };
  /** Another replica behind the same pooler, whose statements have less time. */
  let impatient: SpawnedService;
  beforeAll(async () => {
    const settings = {
      ...quietWorker,
      ...env,
      // In session mode each connection of the two replicas needs one of the pooler.
      DATABASE_POOL_MAX: mode === 'session' ? String(poolSize / 2) : '10',
    };
    service = await spawnPooled(mode, { ...settings, ...patient }, async ({ database }) => {
      await database.sql(recordCommits);
      // What the service cannot set through every pooler, it asks for in readiness.
      await makeHostile(database, { except: ['default_transaction_isolation', 'lock_timeout'] });
    });
    const replica = await spawnReplica(service, {
      ...settings,
      DATABASE_URL: service.pooler.url(mode),
      DATABASE_STATEMENT_TIMEOUT: '1s',
      DATABASE_DEADLINE: '2s',
    });
    impatient = { ...service, ...replica };
    return async () => {
      await replica.close();
      await service.close();
    };
  });

  test('the replica is ready', async () => {
    await expect.poll(() => readinessOf(service)).toMatchObject({ status: 200 });
  });

  test('orders that come together are stored, charged exactly and repeated, each with a commit to disk', async () => {
    const keys = Array.from({ length: 60 }, () => randomUUID());
    const placeAll = () =>
      Promise.all(keys.map((key) => service.api.place(exact, { 'idempotency-key': key })));
    const placed = await placeAll();
    expect(new Set(placed.map(({ status }) => status))).toEqual(new Set([201]));
    const repeated = await placeAll();
    expect(repeated.map(({ body }) => body)).toEqual(placed.map(({ body }) => body));
    const { charges } = await service.gateway.ledger();
    expect(charges.map((charge) => ['amountMinor' in charge && charge.amountMinor, charge.captures])).toEqual(
      keys.map(() => [123_456_788, 1]),
    );
    expect(await service.database.sql('SELECT DISTINCT waits FROM commits')).toEqual([{ waits: 'on' }]);
    expect(linesOf(service, 'postgres.retry')).toEqual([]);
  });

  test('a statement behind a lock ends at the statement timeout, in Postgres too', async () => {
    const { result, took } = await whileLocked(service, async () => {
      const ended = await timed(() => impatient.api.place());
      await expect.poll(() => running(service)).toEqual([]);
      return ended;
    });
    const { code } = result.body as unknown as ProblemBody;
    expect([result.status, code]).toEqual([503, 'database_unavailable']);
    expect(took).toBeLessThan(2250 + hiccup);
    expect(linesOf(impatient, 'postgres.retry').at(-1)).toMatchObject({ sqlstate: '57014' });
    expect((await impatient.api.place()).status).toBe(201);
  });

  test("a statement is cancelled at its client's deadline, and the answer is that nothing was stored", async () => {
    const key = randomUUID();
    const { status } = await whileLocked(service, () =>
      place(impatient, { 'idempotency-key': key, ...within(150) }),
    );
    expect(status).toBe(504);
    const stored = await service.database.sql('SELECT FROM orders WHERE idempotency_key = $1', [key]);
    expect(stored).toEqual([]);
  });

  test('a pooler that comes back is used again', async () => {
    await service.pooler.kill();
    expect((await impatient.api.place()).status).toBe(503);
    await service.pooler.start();
    await expect.poll(async () => (await impatient.api.place()).status).toBe(201);
    expect([service, impatient].flatMap((each) => linesOf(each, 'http.defect'))).toEqual([]);
  });
});

test('a pooler in session mode that nobody told the service of is taken for one in transaction mode', async () => {
  await using service = await spawnPooled('session', {
    ...quietWorker,
    ...patient,
    DATABASE_POOL_MAX: String(poolSize),
  });
  await expect.poll(() => readinessOf(service)).toMatchObject({ status: 200 });
  const placed = await Promise.all(Array.from({ length: 20 }, () => service.api.place()));
  expect(new Set(placed.map(({ status }) => status))).toEqual(new Set([201]));
});

test('readiness names a setting that no statement can make up for and the service cannot set through the pooler', async () => {
  await using service = await spawnPooled('transaction', quietWorker, ({ database }) =>
    database.sql(`ALTER DATABASE ${database.name} SET default_transaction_isolation TO 'repeatable read'`),
  );
  await expect
    .poll(() => readinessOf(service))
    .toMatchObject({
      status: 503,
      body: {
        checks: {
          postgres: {
            detail: expect.stringContaining(
              'default_transaction_isolation is repeatable read, not read committed',
            ),
          },
        },
      },
    });
  const reported = () => linesOf(service, 'postgres.condition');
  expect(reported()).toMatchObject([
    {
      level: 'error',
      condition: 'settings_differ',
      err: { message: 'default_transaction_isolation is repeatable read, not read committed' },
    },
  ]);

  const { sql, name } = service.database;
  await sql(`ALTER DATABASE ${name} RESET default_transaction_isolation`);
  // PgBouncer keeps its sessions, which have the setting that was.
  await sql(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  await expect.poll(() => readinessOf(service), { timeout: 10_000 }).toMatchObject({ status: 200 });
  expect(linesOf(service, 'postgres.condition_ended')).toMatchObject(
    expect.arrayContaining([expect.objectContaining({ condition: 'settings_differ' })]),
  );
  expect(reported().filter(({ condition }) => condition === 'settings_differ')).toHaveLength(1);
});

describe('npm run migrate', () => {
  /** Runs the program behind it with this environment only. */
  const migrate = (env: Record<string, string>) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, ['src/postgres/migrate-main.ts'], { env }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
      );
    });

  test('npm run migrate refuses a pooler whose mode it does not know, and works around it or through it', async () => {
    await using surroundings = await spawnSurroundings({ migrated: false });
    const { url, sql } = surroundings.database;
    await using pooler = await startPgBouncer(url, { poolSize });
    for (const mode of ['transaction', 'session'] as const) {
      const refused = await migrate({ DATABASE_URL: pooler.url(mode) });
      expect([refused.code, refused.stdout]).toEqual([1, '']);
      expect(refused.stderr).toMatch(/^The migration failed: [^\n]*MIGRATION_DATABASE_URL[^\n]*\n$/);
    }
    const around = await migrate({ DATABASE_URL: pooler.url('transaction'), MIGRATION_DATABASE_URL: url });
    expect(around).toMatchObject({ code: 0, stdout: expect.stringContaining('Applied 0001_orders.') });
    const through = await migrate({ DATABASE_URL: pooler.url('session'), DATABASE_POOLER: 'session' });
    expect(through).toEqual({ code: 0, stdout: 'Nothing to migrate.\n', stderr: '' });
    expect(await sql(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory'`)).toEqual([]);
  });

  test('npm start refuses a pooler whose mode it does not know, too, and works around it', async () => {
    await using surroundings = await spawnSurroundings({ migrated: false });
    const { url, sql } = surroundings.database;
    await using pooler = await startPgBouncer(url, { poolSize });
    const said: string[] = [];
    const terminal = { say: (line: string) => said.push(line), showLogLine: () => {} };
    const start = (env: Record<string, string>) =>
      startDatabase(loadDevConfig(env), terminal, new AbortController().signal);
    await expect(start({ DATABASE_URL: pooler.url('transaction') })).rejects.toThrow(
      /^The tables cannot be brought up to date: There is a pooler in front .*MIGRATION_DATABASE_URL/,
    );
    await start({ DATABASE_URL: pooler.url('transaction'), MIGRATION_DATABASE_URL: url });
    expect(said).toContain('applied migration 0001_orders');
    expect(await sql(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory'`)).toEqual([]);
  });
});
