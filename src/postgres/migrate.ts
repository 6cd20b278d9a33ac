import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type { Database } from './database.ts';

const folder = fileURLToPath(new URL('../../migrations', import.meta.url));
const table = 'applied_migrations';

/**
 * Brings the database up to date and returns the names of what was applied. Safe when several processes do it
 * at once: an advisory lock lets one work and the others wait, then find nothing left to do.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const applied = await runner({
    databaseUrl: { connectionString: databaseUrl, connectionTimeoutMillis: 10_000 },
    dir: folder,
    migrationsTable: table,
    direction: 'up',
    advisoryLockMode: 'wait',
    // What happened is in the return value; the runner's own lines would be a second format on stdout.
    log: () => {},
  });
  return applied.map(({ name }) => name);
}

/** The migrations that this code expects and the database lacks. */
export async function missingMigrations(database: Database): Promise<string[]> {
  const files = await readdir(folder);
  const expected = files.filter((file) => file.endsWith('.sql')).map((file) => file.slice(0, -'.sql'.length));
  const [found] = await database.run<{ applied: string | null }>(findTable, []);
  if (found?.applied == null) return expected;
  const rows = await database.run<{ name: string }>(listApplied, []);
  const applied = new Set(rows.map(({ name }) => name));
  return expected.filter((name) => !applied.has(name));
}

const findTable = {
  name: 'find_applied_migrations',
  summary: 'SELECT to_regclass',
  text: `SELECT to_regclass('${table}')::text AS applied`,
  repeatable: true,
};

const listApplied = {
  name: 'list_applied_migrations',
  summary: `SELECT ${table}`,
  text: `SELECT name FROM ${table}`,
  repeatable: true,
};
