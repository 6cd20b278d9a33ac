import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../dev/postgres/embedded-postgres.ts';
import { migrate } from '../../../src/postgres/migrate.ts';

export interface BenchServer extends AsyncDisposable {
  pid: number;
  /** A new, migrated database. */
  createDatabase(name: string): Promise<BenchDatabase>;
}

export interface BenchDatabase extends AsyncDisposable {
  url: string;
  /**
   * Vacuums and analyzes the table, as before every round. Not for an empty table: the planner would then choose sequential
   * scans and keep those plans.
   */
  tidy(): Promise<void>;
  orders(): Promise<{ paid: number; total: number }>;
  /** Resets the statement counts. */
  startCounting(): Promise<void>;
  statements(): Promise<CountedStatement[]>;
}

export interface CountedStatement {
  text: string;
  calls: number;
  /** Total execution time of all calls, in milliseconds. */
  duration: number;
}

/**
 * The embedded Postgres, which counts its statements.
 *
 * @param options.durable whether commits wait for the disk; default false, because that wait hides other differences
 */
export async function startServer(
  dataDir: string,
  { durable = false }: { durable?: boolean } = {},
): Promise<BenchServer> {
  const postgres = await startEmbeddedPostgres({ dataDir, durable, preload: 'pg_stat_statements' });
  // In its own database, so that queries about statements do not count as statements of a subject.
  const observer = new Client({ connectionString: postgres.url });
  await observer.connect();
  await observer.query('CREATE EXTENSION pg_stat_statements');

  return {
    pid: postgres.pid,
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
  // Autovacuum would run at an unpredictable moment; `tidy` replaces it.
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
