import { type Answer, type ProblemBody, teaOrder } from './api-client.ts';
import type { SpawnedService } from '../processes/spawn-service.ts';

/** The header of a client that waits for this number of milliseconds. */
export const within = (milliseconds: number | string) => ({ 'x-request-timeout-ms': String(milliseconds) });
const asProblem = (answer: unknown) => answer as Answer<ProblemBody>;
export const place = async ({ api }: SpawnedService, headers: Record<string, string>) =>
  asProblem(await api.place(teaOrder, headers));

/** Runs the work while another session locks the table of orders. */
export async function whileLocked<T>(
  { database }: Pick<SpawnedService, 'database'>,
  work: () => Promise<T>,
): Promise<T> {
  await database.sql('BEGIN');
  await database.sql('LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
  try {
    return await work();
  } finally {
    await database.sql('ROLLBACK');
  }
}

/** INSERT statements that Postgres is running, including those that wait for a lock. */
export async function insertsIn(database: SpawnedService['database']) {
  // Within a transaction, Postgres would repeat the snapshot of the first look.
  await database.sql('SELECT pg_stat_clear_snapshot()');
  return database.sql(`
    SELECT query FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'active' AND query LIKE '%INSERT INTO public.orders%'
      AND pid <> pg_backend_pid()`);
}
