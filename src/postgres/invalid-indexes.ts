import type { ClientBase } from 'pg';
import type { IndexName } from './sql-statements.ts';

/**
 * A CREATE INDEX CONCURRENTLY that fails or is killed leaves its index behind, marked INVALID: no query uses it, every write
 * maintains it, a unique one still refuses duplicates, and IF NOT EXISTS takes it for the index that is wanted.
 *
 * Left out: the index of a partitioned table, which is INVALID until each partition has its own; and one that a session is
 * building at this moment.
 *
 * @see https://www.postgresql.org/docs/18/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
 */
const select = `
  SELECT format('%I.%I', schema.nspname, class.relname) AS name
  FROM pg_index AS index
  JOIN pg_class AS class ON class.oid = index.indexrelid AND class.relkind = 'i'
  JOIN pg_namespace AS schema ON schema.oid = class.relnamespace
  WHERE NOT index.indisvalid
    AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index AS build WHERE build.index_relid = index.indexrelid)`;

/** The INVALID indexes on the search path, with their schemas. */
export async function invalidIndexes(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `${select} AND schema.nspname = ANY(current_schemas(false)) ORDER BY name`,
  );
  return rows.map(({ name }) => name);
}

/** Drops this index if it is INVALID, without blocking anybody. Returns its name if it was. */
export async function dropIfInvalid(
  client: ClientBase,
  { index, table }: IndexName,
): Promise<string | undefined> {
  const { rows } = await client.query<{ name: string }>(
    `${select} AND class.relname = (parse_ident($1))[1] AND index.indrelid = to_regclass($2)`,
    [index, table],
  );
  const name = rows[0]?.name;
  if (name !== undefined) await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
  return name;
}
