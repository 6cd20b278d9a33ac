import { mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, type QueryResultRow } from 'pg';
import { expect } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../lab/dev/postgres/embedded-postgres.ts';
import { migrate } from '../../../src/postgres/migrate.ts';

/** Ends what a test did to Postgres. */
export type Mend = () => Promise<void>;

/** A server of its own for a test that breaks it, with a database `shop` of a user without special rights. */
export interface BreakablePostgres extends AsyncDisposable {
  /** URL of the database, as the service uses it. */
  url: string;
  /** Runs SQL as the superuser, on a connection of its own. */
  sql<Row extends QueryResultRow>(text: string, database?: 'shop' | 'orders'): Promise<Row[]>;
  /** Runs SQL as the superuser in a transaction, which stays open until the returned function is called. */
  hold(text: string): Promise<Mend>;
  /** Ends the service's sessions, and waits for their end. */
  endSessions(which?: 'all' | 'of requests'): Promise<void>;
  stop(): Promise<Mend>;
  /** Restarts it as a standby: one that answers queries, or one that takes no connection yet. */
  demote(how: 'read-only' | 'starting'): Promise<Mend>;
  /** Fills the disk under a table that every new order writes. Its file is /dev/full. */
  fillDisk(): Promise<Mend>;
}

const password = 'first';

export async function startBreakablePostgres(): Promise<BreakablePostgres> {
  await using started = new AsyncDisposableStack();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'orders-conditions-'));
  started.defer(() => rm(dataDir, { recursive: true, force: true }));
  let server: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir, durable: false });
  started.defer(() => server.stop());
  const superuser = new URL(server.url);
  const cluster = path.join(dataDir, 'postgres', 'cluster');

  async function connect(database: string): Promise<Client> {
    const url = new URL(superuser);
    url.pathname = `/${database}`;
    const client = new Client({ connectionString: url.href });
    // Sessions of the superuser end with the server.
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async function sql<Row extends QueryResultRow>(
    text: string,
    database: 'shop' | 'orders' = 'shop',
  ): Promise<Row[]> {
    const client = await connect(database);
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }

  const start = () => startEmbeddedPostgres({ dataDir, durable: false, port: Number(superuser.port) });

  async function restarted(): Promise<void> {
    server = await start();
  }

  const url = new URL(superuser);
  Object.assign(url, { username: 'app', password, pathname: '/shop' });
  await sql(`CREATE ROLE app LOGIN PASSWORD '${password}'`, 'orders');
  await sql('CREATE DATABASE shop OWNER app', 'orders');
  await migrate(url.href);

  const owned = started.move();
  return {
    url: url.href,
    sql,
    async hold(text) {
      const client = await connect('shop');
      await client.query('BEGIN');
      await client.query(text);
      return () => client.end();
    },
    async endSessions(which = 'all') {
      const others = which === 'all' ? '' : `AND application_name <> 'orders-readiness'`;
      // A session that is still logging in has no user yet.
      const ofService = `backend_type = 'client backend' AND coalesce(usename, 'app') = 'app' ${others}`;
      const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${ofService}`;
      await expect.poll(() => sql(end, 'orders')).toEqual([]);
    },
    async stop() {
      await server.stop();
      return restarted;
    },
    async demote(how) {
      if (how === 'starting') await sql('ALTER SYSTEM SET hot_standby = off', 'orders');
      await server.stop();
      await writeFile(path.join(cluster, 'standby.signal'), '');
      // It is ready once it is promoted.
      const ready = restarted();
      ready.catch(() => {});
      const expected = how === 'starting' ? '57P03' : 'connected';
      await expect
        .poll(() => connect('orders').then((client) => client.end().then(() => 'connected'), codeOf))
        .toBe(expected);
      return async () => {
        await writeFile(path.join(cluster, 'promote'), '');
        const [pid] = (await readFile(path.join(cluster, 'postmaster.pid'), 'utf8')).split('\n');
        process.kill(Number(pid), 'SIGUSR1');
        await ready;
        await sql('ALTER SYSTEM RESET hot_standby', 'orders');
      };
    },
    async fillDisk() {
      await sql(`
        CREATE TABLE journal (order_id uuid);
        CREATE FUNCTION keep_journal() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS
          $$ BEGIN INSERT INTO journal VALUES (NEW.id); RETURN NEW; END $$;
        CREATE TRIGGER journal AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION keep_journal()`);
      const [row] = await sql<{ file: string }>(`SELECT pg_relation_filepath('journal') AS file`);
      const file = path.join(cluster, row?.file ?? '');
      await rename(file, `${file}.aside`);
      await symlink('/dev/full', file);
      return async () => {
        await rm(file);
        await rename(`${file}.aside`, file);
        await sql('DROP TRIGGER journal ON orders; DROP FUNCTION keep_journal; DROP TABLE journal');
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : String(error));
