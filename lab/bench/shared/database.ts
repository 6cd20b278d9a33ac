import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../dev/postgres/embedded-postgres.ts';
import { migrate } from '../../../src/postgres/migrate.ts';

export interface BenchServer extends AsyncDisposable {
  /** A database of one's own, migrated. */
  createDatabase(name: string): Promise<BenchDatabase>;
}

export interface BenchDatabase extends AsyncDisposable {
  url: string;
  /**
   * Brings the table into the state in which every round begins. Not for an empty one: knowing that, the planner would
   * have every statement read the whole table, and go on with it.
   */
  tidy(): Promise<void>;
  orders(): Promise<{ paid: number; total: number }>;
  /** From here on statements are counted. */
  startCounting(): Promise<void>;
  statements(): Promise<CountedStatement[]>;
}

export interface CountedStatement {
  text: string;
  calls: number;
  /** Milliseconds of execution in all calls together. */
  duration: number;
}

/**
 * The embedded Postgres, which counts the statements that it is sent. Commits do not wait for the disk: that wait is
 * the same for every subject and would hide what they do differently.
 */
export async function startServer(dataDir: string): Promise<BenchServer> {
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false, preload: 'pg_stat_statements' });
  // In a database of its own, so that what is asked about the statements of the others is none of theirs.
  const observer = new Client({ connectionString: postgres.url });
  await observer.connect();
  await observer.query('CREATE EXTENSION pg_stat_statements');

  return {
    async createDatabase(name) {
      await observer.query(`CREATE DATABASE ${name}`);
      const url = new URL(postgres.url);
      url.pathname = `/${name}`;
      await migrate(url.href);
      return openDatabase(url.href, name, observer);
    },
    async [Symbol.asyncDispose]() {
      await observer.end();
      await postgres.stop();
    },
  };
}

async function openDatabase(url: string, name: string, observer: Client): Promise<BenchDatabase> {
  const client = new Client({ connectionString: url });
  await client.connect();
  // It would come at a moment of its own choosing; `tidy` takes its place.
  await client.query('ALTER TABLE orders SET (autovacuum_enabled = false)');

  return {
    url,
    async tidy() {
      await client.query('VACUUM (ANALYZE) orders');
    },
    async orders() {
      const { rows } = await client.query<{ paid: number; total: number }>(
        "SELECT count(*) FILTER (WHERE status = 'paid')::int AS paid, count(*)::int AS total FROM orders",
      );
      return rows[0] ?? { paid: 0, total: 0 };
    },
    async startCounting() {
      await observer.query('SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = $1', [
        name,
      ]);
    },
    async statements() {
      const { rows } = await observer.query<CountedStatement>(
        `SELECT regexp_replace(btrim(query, E' \\n'), '\\s+', ' ', 'g') AS text, calls::int AS calls,
           total_exec_time AS duration
         FROM pg_stat_statements JOIN pg_database ON oid = dbid
         WHERE datname = $1 AND toplevel ORDER BY calls DESC`,
        [name],
      );
      return rows;
    },
    async [Symbol.asyncDispose]() {
      await client.end();
    },
  };
}
