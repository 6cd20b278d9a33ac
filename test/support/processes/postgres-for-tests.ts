import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { startServiceProcess } from '../../../lab/harness/service-process.ts';
import { startEmbeddedPostgres } from '../../../lab/dev/postgres/embedded-postgres.ts';
import { fetchOldestPostgres } from '../../../lab/harness/oldest-postgres.ts';
import { stackImage } from '../../../lab/harness/stack-image.ts';
import { migrate } from '../../../src/postgres/migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A database of the test server, whose user may create others. */
    postgresUrl: string;
  }
}

export const template = 'orders_template';

/** Starts one server for the whole run, with a migrated database that each test clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [server] = await Promise.all([
    startServer(process.env['TEST_POSTGRES'] ?? 'embedded'),
    fillCompileCache(),
  ]);
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

/** Loads every module of the service once. Most tests kill their processes, and Node writes its cache when a process exits. */
async function fillCompileCache(): Promise<void> {
  // Without its variables the service ends as soon as it has loaded.
  await startServiceProcess({ env: { OTEL_SDK_DISABLED: 'false' } }).exited;
}

/** @param which the one from npm (`embedded`), the oldest supported one (`oldest`), or one in Docker (`containers`) */
async function startServer(which: string): Promise<Server> {
  if (which === 'containers') return startContainer();
  return which === 'oldest' ? startEmbedded(await fetchOldestPostgres()) : startEmbedded();
}

async function startEmbedded(native?: string): Promise<Server> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'orders-test-'));
  // The programs of old versions change to the folder of the data, as the account that the server runs as.
  if (native !== undefined) await chmod(dataDir, 0o755);
  const postgres = await startEmbeddedPostgres({
    dataDir,
    durable: false,
    preload,
    ...(native !== undefined && { native }),
  });
  return {
    url: postgres.url,
    async stop() {
      await postgres.stop();
      await rm(dataDir, { recursive: true });
    },
  };
}

async function startContainer(): Promise<Server> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const credentials = { POSTGRES_USER: 'orders', POSTGRES_PASSWORD: 'orders', POSTGRES_DB: 'orders' };
  const container = await new GenericContainer(await stackImage('postgres'))
    .withEnvironment(credentials)
    .withCommand(['postgres', '-c', `shared_preload_libraries=${preload}`, '-c', 'fsync=off'])
    .withExposedPorts(5432)
    // The image starts the server twice: once for the set-up, then for use.
    .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
    .start();
  // A name with two addresses would be tried at both, and the port is published on each by itself.
  const host = container.getHost() === 'localhost' ? '127.0.0.1' : container.getHost();
  const url = `postgres://orders:orders@${host}:${container.getMappedPort(5432)}/orders`;
  return { url, stop: async () => void (await container.stop()) };
}
