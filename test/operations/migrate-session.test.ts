import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PG_MIGRATE_LOCK_ID } from 'node-pg-migrate';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { migrate } from '../../src/postgres/migrate.ts';
import { createTestDatabase } from '../support/processes/database.ts';

/** Leaves out what an older Postgres does not have. */
const limitSessions = (database: string) => `
  DO $$
  DECLARE name text;
  BEGIN
    FOR name IN SELECT s.name FROM pg_settings AS s
      WHERE s.name IN ('statement_timeout', 'transaction_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout')
    LOOP
      EXECUTE format('ALTER DATABASE ${database} SET %I = %L', name, '200ms');
    END LOOP;
  END $$`;

test('a migration takes and waits as long as it must, although its role or database limits what sessions may', async () => {
  await using clean = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-migrations-'));
  clean.defer(() => rm(folder, { recursive: true }));
  const database = await createTestDatabase({ migrated: false });
  clean.defer(() => database.drop());
  await database.sql('CREATE TABLE things (id int PRIMARY KEY)');
  await writeFile(
    path.join(folder, '0001_long.sql'),
    'ALTER TABLE things ADD COLUMN size int; SELECT pg_sleep(0.5)',
  );
  // Its transaction is open, so that the migration gives way and waits between two tries.
  const reader = new Client(database.url);
  clean.defer(() => reader.end());
  await reader.connect();
  await reader.query('BEGIN; SELECT FROM things');
  await database.sql(limitSessions(database.name));

  const migrating = migrate(database.url, { folder, lockTimeout: 100 });
  migrating.catch(() => {});
  const gaveWay = () =>
    database.sql(`
      SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND state = 'idle' AND query LIKE '%ROLLBACK%'
        AND now() - state_change > interval '200 ms'`);
  await expect.poll(gaveWay, { timeout: 20_000, interval: 20 }).toHaveLength(1);
  await reader.query('COMMIT');
  expect(await migrating).toEqual(['0001_long']);
});

test('a migration whose session Postgres ends between two statements says why', async () => {
  await using clean = new AsyncDisposableStack();
  const database = await createTestDatabase({ migrated: false });
  clean.defer(() => database.drop());
  const other = new Client(database.url);
  clean.defer(() => other.end());
  await other.connect();
  await other.query('SELECT pg_advisory_lock($1)', [PG_MIGRATE_LOCK_ID]);

  const migrating = migrate(database.url);
  migrating.catch(() => {});
  const endIdle = () =>
    database.sql(`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND state = 'idle' AND query LIKE '%pg_try_advisory_lock%'`);
  await expect.poll(endIdle, { timeout: 20_000, interval: 20 }).toHaveLength(1);
  await expect(migrating).rejects.toThrow('terminating connection due to administrator command');
});
