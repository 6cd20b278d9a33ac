import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PG_MIGRATE_LOCK_ID } from 'node-pg-migrate';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadDevConfig } from '../../lab/dev/config.ts';
import { startDatabase } from '../../lab/dev/dependencies.ts';
import { migrate, type MigrationOptions } from '../../src/postgres/migrate.ts';
import { missingMigrations } from '../../src/postgres/missing-migrations.ts';
import { quietWorker } from '../support/clients/settings.ts';
import { createTestDatabase, type TestDatabase } from '../support/processes/database.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';

/** Migrations that a fork writes, while the service runs on the database. */

let service: SpawnedService;
let root: string;
beforeAll(async () => {
  service = await spawnService(quietWorker);
  root = await mkdtemp(path.join(tmpdir(), 'orders-migrations-'));
});
afterAll(async () => {
  await service.close();
  await rm(root, { recursive: true });
});

let database: TestDatabase;
let said: string[];
let count = 0;
beforeEach(async () => {
  said = [];
  database = await createTestDatabase({ migrated: false });
  await database.sql(
    'CREATE TABLE things (id int PRIMARY KEY, kind text); INSERT INTO things VALUES (1, 1), (2, 1)',
  );
});
afterEach(() => database.drop());

/** Writes migrations into a folder of their own. */
async function folderOf(files: Record<string, string>): Promise<string> {
  count += 1;
  const folder = path.join(root, String(count));
  await mkdir(folder);
  // Node takes the format of a module from the nearest package.json.
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  return folder;
}

async function apply(files: Record<string, string>, options: MigrationOptions = {}): Promise<string[]> {
  return migrate(database.url, { folder: await folderOf(files), say: (line) => said.push(line), ...options });
}

const indexes = () =>
  database.sql<{ name: string; valid: boolean }>(`
    SELECT indexrelid::regclass::text AS name, indisvalid AS valid FROM pg_index
    WHERE indrelid = 'things'::regclass AND NOT indisprimary ORDER BY name`);

const applied = async () =>
  (await database.sql<{ name: string }>('SELECT name FROM applied_migrations ORDER BY id')).map(
    ({ name }) => name,
  );

const online = {
  sql: `-- Up Migration
    -- Reads and writes go on meanwhile; two statements.
    CREATE INDEX CONCURRENTLY IF NOT EXISTS by_kind ON things (kind);
    CREATE INDEX CONCURRENTLY IF NOT EXISTS by_kind_and_id ON things (kind, id);

    -- Down Migration
    DROP INDEX CONCURRENTLY by_kind_and_id;
    DROP INDEX CONCURRENTLY by_kind;`,
  js: `export const up = (pgm) => {
      pgm.noTransaction();
      pgm.createIndex('things', 'kind', { name: 'by_kind', concurrently: true });
      pgm.createIndex('things', ['kind', 'id'], { name: 'by_kind_and_id', concurrently: true });
    };`,
};

describe.each(['sql', 'js'] as const)('an index built online in .%s', (format) => {
  const files = { [`0001_index.${format}`]: online[format] };
  const both = [
    { name: 'by_kind', valid: true },
    { name: 'by_kind_and_id', valid: true },
  ];

  test(`two runs at once build the indexes of a .${format} migration once`, async () => {
    const folder = await folderOf(files);
    const runs = await Promise.all([migrate(database.url, { folder }), migrate(database.url, { folder })]);

    expect(runs.toSorted((a, b) => b.length - a.length)).toEqual([['0001_index'], []]);
    expect(await indexes()).toEqual(both);
    expect(await applied()).toEqual(['0001_index']);
  });

  test(`an index that a killed run left INVALID is built again by a .${format} migration`, async () => {
    await leaveInvalid('by_kind');

    expect(await apply(files)).toEqual(['0001_index']);
    expect(await indexes()).toEqual(both);
    expect(said).toEqual(['Dropped the index public.by_kind, which a failed build had left INVALID.']);
  });
});

/** What is left of a build that fails: a unique index of a column with duplicates. */
async function leaveInvalid(name: string): Promise<void> {
  await expect(database.sql(`CREATE UNIQUE INDEX CONCURRENTLY ${name} ON things (kind)`)).rejects.toThrow(
    /could not create unique index/,
  );
  expect(await indexes()).toEqual([{ name, valid: false }]);
}

test('a build that fails leaves no INVALID index, and succeeds in a later run', async () => {
  const files = {
    '0001_unique.sql': 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS one_of_a_kind ON things (kind)',
  };

  await expect(apply(files)).rejects.toThrow('could not create unique index "one_of_a_kind"');
  expect(await indexes()).toEqual([]);
  expect(await applied()).toEqual([]);

  await database.sql('DELETE FROM things WHERE id = 2');
  expect(await apply(files)).toEqual(['0001_unique']);
  expect(await indexes()).toEqual([{ name: 'one_of_a_kind', valid: true }]);
});

test('an INVALID index that no migration builds is reported in one line, with the statement that mends it', async () => {
  await leaveInvalid('by_hand');
  await database.sql('DELETE FROM things WHERE id = 2');

  expect(await apply({ '0001_column.sql': 'ALTER TABLE things ADD COLUMN size int' })).toEqual([
    '0001_column',
  ]);
  expect(said).toHaveLength(1);
  const [, mending = ''] =
    /^The index public\.by_hand is INVALID.*: (REINDEX .*) mends it\.$/.exec(said[0] ?? '') ?? [];
  await database.sql(mending);
  expect(await indexes()).toEqual([{ name: 'by_hand', valid: true }]);
});

describe('a statement CONCURRENTLY that cannot work is refused before anything is changed', () => {
  test.each([
    [
      'stands beside another statement in .sql',
      {
        '0001_both.sql':
          'ALTER TABLE things ADD COLUMN size int; CREATE INDEX CONCURRENTLY by_kind ON things (kind)',
      },
      /^0001_both\.sql has statements CONCURRENTLY and others: /,
    ],
    [
      'stands in the transaction of a module',
      { '0001_index.js': online.js.replace('pgm.noTransaction();', '') },
      /^0001_index\.js has a statement CONCURRENTLY, which no transaction can hold: call noTransaction\(\)$/,
    ],
  ])('a statement CONCURRENTLY that %s is refused', async (_what, files, message) => {
    await expect(apply(files)).rejects.toThrow(message);
    expect(await indexes()).toEqual([]);
    expect(await database.sql('SELECT * FROM things LIMIT 1')).toEqual([{ id: 1, kind: '1' }]);
  });
});

describe('a migration that is interrupted', () => {
  const sleeping = () =>
    database.sql(`
      SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep%' AND state = 'active'`);

  test('a migration that is interrupted is undone at once', async () => {
    const interrupted = new AbortController();
    const files = { '0001_long.sql': 'ALTER TABLE things ADD COLUMN size int; SELECT pg_sleep(60)' };
    const migrating = apply(files, { signal: interrupted.signal });
    migrating.catch(() => {});
    await expect.poll(sleeping).toHaveLength(1);
    interrupted.abort();
    await expect(migrating).rejects.toThrow(/cancel|terminated/);
    await expect.poll(sleeping).toEqual([]);
    expect(await database.sql('SELECT * FROM things LIMIT 1')).toEqual([{ id: 1, kind: '1' }]);
  });

  test('npm start says that it waits for another migration, and Ctrl-C ends the wait', async () => {
    await using other = await holdMigrationLock();
    const interrupted = new AbortController();
    const terminal = { say: (line: string) => said.push(line), showLogLine: () => {} };
    const config = loadDevConfig({ DATABASE_URL: other.url });
    const starting = startDatabase(config, terminal, interrupted.signal);
    starting.catch(() => {});
    await expect
      .poll(() => said.at(-1), { timeout: 10_000 })
      .toBe('Waiting for another migration of this database to end.');
    interrupted.abort('Ctrl-C');
    await expect(starting).rejects.toBe('Ctrl-C');
  });

  /** As a migration that works in another process does. */
  async function holdMigrationLock() {
    const client = new Client(database.url);
    await client.connect();
    await client.query('SELECT pg_advisory_lock($1)', [PG_MIGRATE_LOCK_ID]);
    return { url: database.url, [Symbol.asyncDispose]: () => client.end() };
  }
});

test('missingMigrations names migrations of every format, and nothing else', async () => {
  const folder = await folderOf({
    '0001_column.sql': 'ALTER TABLE things ADD COLUMN size int',
    '0002_index.js': online.js,
    '0003_typed.ts': 'export const up = (pgm: { sql(text: string): void }): void => pgm.sql("SELECT 1");',
    '0003_typed.d.ts': 'export {};',
    '0002_index.test.js': 'throw new Error("no migration");',
    'shared.js': 'throw new Error("no migration");',
    'README.md': 'no migration',
  });
  const asking = {
    run: <Row>(statement: { text: string }) => database.sql(statement.text) as Promise<Row[]>,
  };
  const all = ['0001_column', '0002_index', '0003_typed'];

  expect(await missingMigrations(asking, folder)).toEqual(all);
  expect(await migrate(database.url, { folder })).toEqual(all);
  expect(await missingMigrations(asking, folder)).toEqual([]);
});

describe('a migration that waits for a lock', () => {
  const files = { '9001_column.sql': 'ALTER TABLE orders ADD COLUMN note text' };
  /** Continues the service's own migrations, which are applied. */
  const onOrders = async (options: MigrationOptions) => {
    const names = await service.database.sql<{ name: string }>('SELECT name FROM applied_migrations');
    const earlier = Object.fromEntries(names.map(({ name }) => [`${name}.sql`, '']));
    return migrate(service.database.url, { folder: await folderOf({ ...earlier, ...files }), ...options });
  };

  /** A session that has read the table and leaves its transaction open, such as a report or a forgotten psql. */
  async function forgottenTransaction(): Promise<Client> {
    const client = new Client({ connectionString: service.database.url, application_name: 'report' });
    await client.connect();
    await client.query('BEGIN; SELECT count(*) FROM orders');
    return client;
  }

  test('orders are placed while a migration waits for a lock, and the migration is applied once it is free', async () => {
    const session = await forgottenTransaction();
    let migrated = false;
    const migrating = onOrders({}).finally(() => {
      migrated = true;
    });
    const waits = () =>
      service.database.sql(
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER%'",
      );
    for (let wait = 0; wait < 3; wait += 1) {
      await expect.poll(waits).toHaveLength(1);
      // Behind the migration in the queue for the table, until it gives up its place.
      const { status } = await service.api.place();
      expect(status).toBe(201);
    }
    expect(migrated).toBe(false);
    await session.end();

    expect(await migrating).toEqual(['9001_column']);
    expect(await service.database.sql('SELECT note FROM orders LIMIT 1')).toEqual([{ note: null }]);
    expect((await service.api.place()).status).toBe(201);
    await service.database.sql(
      "ALTER TABLE orders DROP COLUMN note; DELETE FROM applied_migrations WHERE name = '9001_column'",
    );
  });

  test('a migration that never gets its locks ends in one line that names the session in its way', async () => {
    const session = await forgottenTransaction();
    await expect(onOrders({ lockTimeout: 50, lockDeadline: 300 })).rejects.toThrow(
      /^canceling statement due to lock timeout; the longest open transaction is that of process \d+ \(report\), idle in transaction, for \d+ s$/,
    );
    await session.end();
    expect(await onOrders({})).toEqual(['9001_column']);
  });
});
