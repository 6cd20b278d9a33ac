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
