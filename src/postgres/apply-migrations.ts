import type { MigrationConfig } from '../config/config.ts';
import { awaitPostgres } from './await-postgres.ts';
import { migrate } from './migrate.ts';
import { requireOwnSession } from './migration-session.ts';

/**
 * What `npm run migrate` and `npm start` do: waits for Postgres if that is wanted, checks that no pooler would share the
 * session of the migrations with others, and brings the database up to date.
 *
 * @param say called with a line for a person who waits or has something to mend
 * @returns the names of the migrations that were applied
 * @throws {Error} the error of Postgres or the network, or of a pooler
 */
export async function applyMigrations(
  config: MigrationConfig,
  say: (line: string) => void,
): Promise<string[]> {
  const url = config.url.reveal();
  // Without it, the first connection of the next step is the try.
  if (config.connectDeadline > 0) await awaitPostgres(url, { deadline: config.connectDeadline, say });
  await requireOwnSession(config);
  return migrate(url, { ...config, say });
}
