import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/explore/embedded-postgres.ts';
import { migrate } from '../../src/postgres/migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A database of the server under test, with the right to create others. */
    postgresUrl: string;
  }
}

export const template = 'orders_template';

/** One server for the whole run, with a migrated database that each test file clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server =
    process.env['TEST_POSTGRES'] === 'containers' ? await startContainer() : await startEmbedded();
  const client = new Client({ connectionString: server.url });
  await client.connect();
  await client.query(`CREATE DATABASE ${template}`);
  await client.end();
  await migrate(databaseUrl(server.url, template));
  project.provide('postgresUrl', server.url);
  return () => server.stop();
}

export function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

interface Server {
  url: string;
  stop(): Promise<void>;
}

const preload = 'pg_stat_statements';

async function startEmbedded(): Promise<Server> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'orders-test-'));
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false, preload });
  return {
    url: postgres.url,
    async stop() {
      await postgres.stop();
      await rm(dataDir, { recursive: true });
    },
  };
}

async function startContainer(): Promise<Server> {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const container = await new PostgreSqlContainer('postgres:18.4-alpine')
    .withCommand(['postgres', '-c', `shared_preload_libraries=${preload}`, '-c', 'fsync=off'])
    .start();
  return { url: container.getConnectionUri(), stop: async () => void (await container.stop()) };
}
