import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Pool, type QueryResultRow } from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../dev/postgres/embedded-postgres.ts';
import { readDatabaseUrl } from '../../src/config/database-url.ts';
import { connectionConfig, createClient } from '../../src/postgres/client.ts';
import { migrate } from '../../src/postgres/migrate.ts';

/** A Postgres that can be killed, with a database for each experiment. */
export interface PostgresServer extends AsyncDisposable {
  createDatabase(): Promise<Database>;
  /** kill -9 of the whole server; after `awayFor` seconds it starts again and recovers. */
  crash(awayFor: number): Promise<void>;
}

/** The experiment's own access to the database, over connections apart from the service's. */
export interface Database extends AsyncDisposable {
  url: string;
  sql<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** A dedicated session. The caller ends it. */
  session(): Promise<Client>;
}

const template = 'chaos_template';

export async function startPostgres(): Promise<PostgresServer> {
  await using started = new AsyncDisposableStack();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'orders-chaos-'));
  started.defer(() => rm(dataDir, { recursive: true, force: true }));
  // Durable, as in production: an acknowledged commit must survive the kill.
  let postgres: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir });
  started.defer(() => postgres.stop());
  const serverUrl = postgres.url;
  await statement(serverUrl, `CREATE DATABASE ${template}`);
  await migrate(urlOf(serverUrl, template));

  let count = 0;
  const owned = started.move();
  return {
    async createDatabase() {
      count += 1;
      const name = `chaos_${count}`;
      await statement(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
      return openDatabase(urlOf(serverUrl, name), () =>
        statement(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`),
      );
    },
    async crash(awayFor) {
      process.kill(postgres.pid, 'SIGKILL');
      await postgres.ended;
      await delay(1000 * awayFor);
      postgres = await startEmbeddedPostgres({ dataDir, port: Number(new URL(serverUrl).port) });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** @param drop called at the end; does nothing by default, because a given database is not ours to drop */
export function openDatabase(url: string, drop: () => Promise<void> = async () => {}): Database {
  const address = readDatabaseUrl(url);
  const pool = new Pool({ ...connectionConfig(address, { timeout: 5000 }), max: 3 });
  // Experiments terminate sessions on purpose. The next query reports a lost connection.
  pool.on('error', () => {});
  return {
    url,
    sql: async <Row extends QueryResultRow>(text: string, values: unknown[] = []) =>
      (await pool.query<Row>(text, values)).rows,
    async session() {
      const client = createClient(address, { timeout: 5000 });
      await client.connect();
      return client;
    },
    async [Symbol.asyncDispose]() {
      await pool.end();
      await drop();
    },
  };
}

async function statement(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}
