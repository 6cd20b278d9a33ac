import type { Database } from './database.ts';
import { folder, migrationNames, table } from './migration-files.ts';

/**
 * The migrations that this code expects and the database lacks. Kept apart from the runner, which the service need not
 * load just to ask.
 *
 * @param of default: the service's own migrations
 */
export async function missingMigrations(database: Pick<Database, 'run'>, of = folder): Promise<string[]> {
  const expected = await migrationNames(of);
  const [found] = await database.run<{ applied: string | null }>(findTable, []);
  if (found?.applied == null) return expected;
  const rows = await database.run<{ name: string }>(listApplied, []);
  const applied = new Set(rows.map(({ name }) => name));
  return expected.filter((name) => !applied.has(name));
}

const findTable = {
  name: 'find_applied_migrations',
  summary: 'SELECT to_regclass',
  text: `SELECT to_regclass('public.${table}')::text AS applied`,
  repeatable: true,
};

const listApplied = {
  name: 'list_applied_migrations',
  summary: `SELECT ${table}`,
  text: `SELECT name FROM public.${table}`,
  repeatable: true,
};
