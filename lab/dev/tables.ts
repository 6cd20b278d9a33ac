import { loadMigrationConfig } from '../../src/config/config.ts';
import type { Environment } from '../../src/config/environment.ts';
import { StartupError } from '../../src/errors.ts';
import { unreachable } from '../../src/postgres/unreachable.ts';
import type { Terminal } from './terminal.ts';

/** The variables with which a database that was started here is migrated: no pooler stands in front of it. */
export const embeddedAt = (url: string) => ({ MIGRATION_DATABASE_URL: url, DATABASE_POOLER: 'session' });

/**
 * Gives the database the tables that the service expects, as `npm run migrate` does.
 *
 * @param env with the variables of `npm run migrate`
 * @throws {ConfigError | StartupError} for a person
 * @throws {unknown} the reason of the signal
 */
export async function bringTablesUpToDate(
  env: Environment,
  say: Terminal['say'],
  signal: AbortSignal,
): Promise<void> {
  const config = loadMigrationConfig(env);
  try {
    // Imported late, so that the child processes start without waiting for this module.
    const { applyMigrations } = await import('../../src/postgres/apply-migrations.ts');
    for (const name of await applyMigrations(config, { say, signal })) say(`applied migration ${name}`);
  } catch (cause) {
    signal.throwIfAborted();
    const reason = cause instanceof Error ? cause.message || String(cause) : String(cause);
    const fault =
      unreachable(config.url.reveal(), cause) ?? `The tables cannot be brought up to date: ${reason}`;
    throw new StartupError(fault, { cause });
  }
}
