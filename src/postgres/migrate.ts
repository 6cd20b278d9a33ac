import { runner } from 'node-pg-migrate';
import { folder, table } from './missing-migrations.ts';

/**
 * Brings the database up to date and returns the names of the migrations it applied. Safe to run in several processes at
 * once: an advisory lock lets one of them work, and the others then find nothing left to do.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const applied = await runner({
    databaseUrl: { connectionString: databaseUrl, connectionTimeoutMillis: 10_000 },
    dir: folder,
    // The runner takes every other file, such as a README, for a migration.
    ignorePattern: String.raw`(?!.*\.sql$).*`,
    migrationsTable: table,
    direction: 'up',
    advisoryLockMode: 'wait',
    // The return value reports the result; the runner's own lines would be a second format on stdout.
    log: () => {},
  });
  return applied.map(({ name }) => name);
}
