import path from 'node:path';
import { Client } from 'pg';
import { migrate } from '../../src/postgres/migrate.ts';
import { startEmbeddedPostgres } from '../dev/postgres/embedded-postgres.ts';
import { apiKey } from './load.ts';
import { type BenchProcess, startProcess } from './shared/processes.ts';

/** The telemetry of the service in one row of the table. Metrics are always counted. */
export interface Configuration {
  name: string;
  /** In a form for databases and files. */
  id: string;
  env: Readonly<Record<string, string>>;
}

const traces = (share: number) => ({
  LOG_LEVEL: 'info',
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
  OTEL_TRACES_SAMPLER_ARG: String(share),
});

/** The first is what the others are compared with. */
export const configurations: readonly Configuration[] = [
  { name: 'metrics alone', id: 'metrics', env: { LOG_LEVEL: 'silent', OTEL_SDK_DISABLED: 'true' } },
  { name: 'logs and 10 % of traces', id: 'traces_10', env: traces(0.1) },
  { name: 'logs and all traces', id: 'traces_100', env: traces(1) },
];

export interface Subject extends AsyncDisposable {
  name: string;
  process: BenchProcess;
  database: Database;
}

export interface Database extends AsyncDisposable {
  url: string;
  /** Vacuums and analyzes the table, as before every round. */
  tidy(): Promise<void>;
  count(): Promise<{ confirmed: number; total: number }>;
}

export interface Databases extends AsyncDisposable {
  create(name: string): Promise<Database>;
}

/** The embedded Postgres. Commits do not wait for the disk, because that wait hides other differences. */
export async function startDatabases(dataDir: string): Promise<Databases> {
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false });
  return {
    async create(name) {
      const url = new URL(postgres.url);
      const server = new Client({ connectionString: url.href });
      await server.connect();
      await server.query(`CREATE DATABASE ${name}`);
      await server.end();
      url.pathname = `/${name}`;
      await migrate(url.href);
      return openDatabase(url.href);
    },
    [Symbol.asyncDispose]: () => postgres.stop(),
  };
}

async function openDatabase(url: string): Promise<Database> {
  const client = new Client({ connectionString: url });
  await client.connect();
  // Autovacuum would run at an unpredictable moment; `tidy` replaces it.
  await client.query('ALTER TABLE bookings SET (autovacuum_enabled = false)');
  return {
    url,
    async tidy() {
      await client.query('VACUUM (ANALYZE) bookings');
    },
    async count() {
      const { rows } = await client.query<{ confirmed: number; total: number }>(
        "SELECT count(*) FILTER (WHERE status = 'confirmed')::int AS confirmed, count(*)::int AS total FROM bookings",
      );
      return rows[0] ?? { confirmed: 0, total: 0 };
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}

export async function startSubject(
  { name, id, env }: Configuration,
  parts: { folder: string; databases: Databases; simulator: BenchProcess; receiver: BenchProcess },
): Promise<Subject> {
  const database = await parts.databases.create(id);
  const process = await startProcess({
    script: 'src/main.ts',
    preload: 'src/telemetry/sdk.ts',
    env: {
      NODE_ENV: 'production',
      PORT: '0',
      ADMIN_PORT: '0',
      DATABASE_URL: database.url,
      UPSTREAM_URL: parts.simulator.url,
      API_KEYS: `bench:${apiKey}`,
      // All load comes from one client.
      RATE_LIMIT_MAX: '0',
      OTEL_EXPORTER_OTLP_ENDPOINT: parts.receiver.url,
      ...env,
    },
    logFile: path.join(parts.folder, `${id}.log`),
  });
  return {
    name,
    process,
    database,
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}
