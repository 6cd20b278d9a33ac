import { randomUUID } from 'node:crypto';
import { Client, type QueryResultRow } from 'pg';
import { inject } from 'vitest';
import { databaseUrl, template } from './postgres-for-tests.ts';

/** A database for one test or service, migrated by default. */
export interface TestDatabase {
  url: string;
  name: string;
  /** Runs SQL on a connection of the test. */
  sql<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** @param migrated default true; otherwise the database is empty */
export async function createTestDatabase({ migrated = true } = {}): Promise<TestDatabase> {
  const serverUrl = inject('postgresUrl');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await withClient(serverUrl, (client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE ${migrated ? template : 'template0'}`),
  );
  const url = databaseUrl(serverUrl, name);
  const own = new Client({ connectionString: url });
  // Tests terminate sessions on purpose. The next use of a terminated connection fails by itself.
  own.on('error', () => {});
  await own.connect();
  return {
    url,
    name,
    sql: async <Row extends QueryResultRow>(text: string, values: unknown[] = []) =>
      (await own.query<Row>(text, values)).rows,
    async drop() {
      await own.end();
      await withClient(serverUrl, (client) => drop(client, name));
    },
  };
}

async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function drop(client: Client, name: string): Promise<void> {
  if (process.env['TEST_POSTGRES'] !== 'oldest') {
    await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
    return;
  }
  // FORCE is new in version 13.
  await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
  await client.query(`DROP DATABASE ${name}`);
}
