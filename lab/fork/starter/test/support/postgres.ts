import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../lab/dev/postgres/embedded-postgres.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { databaseUrl, execute, template } from './database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A database of the test server, whose user may create others. */
    postgresUrl: string;
  }
}

/** Starts one PostgreSQL for all tests, with a migrated database that each service clones. */
export default async function startPostgres(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'frontdesk-test-'));
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false });
  await execute(postgres.url, `CREATE DATABASE ${template}`);
  await migrate(databaseUrl(postgres.url, template));
  project.provide('postgresUrl', postgres.url);
  return async () => {
    await postgres.stop();
    await rm(dataDir, { recursive: true });
  };
}
