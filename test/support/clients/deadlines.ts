import { type Answer, type ProblemBody, teaOrder } from './api-client.ts';
import type { SpawnedService } from '../processes/spawn-service.ts';

/** The header of a client that waits for so many milliseconds. */
export const within = (milliseconds: number | string) => ({ 'x-request-timeout-ms': String(milliseconds) });
const asProblem = (answer: unknown) => answer as Answer<ProblemBody>;
export const place = async ({ api }: SpawnedService, headers: Record<string, string>) =>
  asProblem(await api.place(teaOrder, headers));

/** Does it while another session keeps everybody from the orders. */
export async function whileLocked<T>({ database }: SpawnedService, work: () => Promise<T>): Promise<T> {
  await database.sql('BEGIN');
  await database.sql('LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
  try {
    return await work();
  } finally {
    await database.sql('ROLLBACK');
  }
}
