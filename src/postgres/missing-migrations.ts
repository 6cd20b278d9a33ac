import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Database } from './database.ts';

export const folder = fileURLToPath(new URL('../../migrations', import.meta.url));
/** The table in which the runner records the migrations it has applied. */
export const table = 'applied_migrations';

/**
 * The migrations that this code expects and the database lacks. Kept apart from the runner, which the service need not
 * load just to ask.
 */
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
