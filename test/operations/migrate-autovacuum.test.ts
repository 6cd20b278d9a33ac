import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../../lab/dev/postgres/embedded-postgres.ts';
import { migrate } from '../../src/postgres/migrate.ts';

/** On a server of its own, where autovacuum looks for work every second. */
test('a migration is applied while autovacuum works on its table for longer than a migration waits', async () => {
  await using started = new AsyncDisposableStack();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'orders-autovacuum-'));
  started.defer(() => rm(dataDir, { recursive: true }));
  const server = await startEmbeddedPostgres({ dataDir, durable: false });
  started.defer(() => server.stop());
  const client = new Client({ connectionString: server.url });
  await client.connect();
  started.defer(() => client.end());
  await client.query("ALTER SYSTEM SET autovacuum_naptime = '1s'");
  await client.query('SELECT pg_reload_conf()');
  // Some minutes of work at this pace.
  await client.query(`
    CREATE TABLE things (id int, filler text) WITH (autovacuum_vacuum_threshold = 1,
      autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);
    INSERT INTO things SELECT n, repeat('x', 500) FROM generate_series(1, 20000) AS n;
    DELETE FROM things WHERE id % 2 = 0`);
  const vacuums = async () =>
    (await client.query("SELECT FROM pg_stat_progress_vacuum WHERE relid = 'things'::regclass")).rows;
  await expect.poll(vacuums, { timeout: 30_000 }).toHaveLength(1);

  const folder = path.join(dataDir, 'migrations');
  await mkdir(folder);
  await writeFile(path.join(folder, '0001_column.sql'), 'ALTER TABLE things ADD COLUMN note text');
  expect(await migrate(server.url, { folder })).toEqual(['0001_column']);
});
