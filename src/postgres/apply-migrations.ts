import type { MigrationConfig } from '../config/config.ts';
import { awaitPostgres } from './await-postgres.ts';
import { migrate, type MigrationOptions } from './migrate.ts';
import { requireOwnSession } from './migration-session.ts';

/**
 * What `npm run migrate` and `npm start` do: waits for Postgres if that is wanted, checks that no pooler would share the
 * session of the migrations with others, and brings the database up to date.
 *
 * @returns the names of the migrations that were applied
 * @throws {Error} the error of Postgres or the network, or of a pooler
 * @throws {unknown} the reason of the signal
 */
export async function applyMigrations(
  config: MigrationConfig,
  { say, signal }: Pick<MigrationOptions, 'signal'> & Required<Pick<MigrationOptions, 'say'>>,
): Promise<string[]> {
  const url = config.url.reveal();
  try {
    // Without it, the first connection of the next step is the try.
    if (config.connectDeadline > 0)
      await awaitPostgres(url, { deadline: config.connectDeadline, say, signal });
    await requireOwnSession(config, signal);
    return await migrate(url, { ...config, say, ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
