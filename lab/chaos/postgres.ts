import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Pool, type QueryResultRow } from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../dev/postgres/embedded-postgres.ts';
import { migrate } from '../../src/postgres/migrate.ts';

/** A Postgres that may be killed, with a database for each experiment. */
export interface PostgresServer extends AsyncDisposable {
  createDatabase(): Promise<Database>;
  /** kill -9 for the whole server, and after so many seconds a start that has to recover. */
  crash(awayFor: number): Promise<void>;
}

/** A database as the rehearsal sees it: over connections that the service does not know. */
export interface Database extends AsyncDisposable {
  url: string;
  sql<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** A session of its own, for what needs one. To be ended. */
  session(): Promise<Client>;
}

const template = 'chaos_template';

export async function startPostgres(): Promise<PostgresServer> {
  await using started = new AsyncDisposableStack();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'orders-chaos-'));
  started.defer(() => rm(dataDir, { recursive: true, force: true }));
  // Durable, as in production: a commit that was acknowledged has to survive the kill.
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

/** @param drop what becomes of it at the end; nothing where it is somebody else's */
export function openDatabase(url: string, drop: () => Promise<void> = async () => {}): Database {
  const pool = new Pool({ connectionString: url, max: 3, connectionTimeoutMillis: 5000 });
  // Experiments end sessions on purpose; the next use says so.
  pool.on('error', () => {});
  return {
    url,
    sql: async <Row extends QueryResultRow>(text: string, values: unknown[] = []) =>
      (await pool.query<Row>(text, values)).rows,
    async session() {
      const client = new Client({ connectionString: url });
      client.on('error', () => {});
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
