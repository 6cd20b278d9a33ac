import { execFile } from 'node:child_process';
import { chown, cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, type QueryResultRow } from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../dev/postgres/embedded-postgres.ts';
import { freePort } from './free-port.ts';
import { continueWhenGone } from './thaw-guard.ts';

/** A primary and its synchronous standby, which can change places. */
export interface PostgresPair extends AsyncDisposable {
  /** URL of the database `orders` on each server, in an order that stays. Only one of them is the primary. */
  urls: readonly [string, string];
  /** The servers by their role now. After a failover there is no standby until {@link PostgresPair.rejoin}. */
  primaryUrl(): string;
  demotedUrl(): string;
  /** Runs SQL on the primary, over a connection of its own. */
  sql<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /**
   * Ends the primary, and promotes its standby after `awayFor` seconds, in which an HA manager would notice. Resolves once
   * the promotion is complete.
   *
   * @param how `killed` with kill -9, or `stopped` in order as for a planned switchover
   */
  failOver(how: 'killed' | 'stopped', awayFor: number): Promise<void>;
  /** Brings the server that was the primary back, as the synchronous standby of the other. */
  rejoin(): Promise<void>;
  /** While the standby is frozen, commits wait for it. */
  freezeStandby(frozen: boolean): Promise<void>;
  /**
   * Makes the primary read-only while its sessions last, and promotes the standby, as some planned switchovers do.
   *
   * @returns the number of sessions that an application has with the old primary
   */
  fence(): Promise<(application: string) => Promise<number>>;
}

export interface PostgresPairOptions {
  /** Value of `shared_preload_libraries`. Default: none. */
  preload?: string;
}

interface Member {
  dataDir: string;
  port: number;
  server: EmbeddedPostgres | undefined;
}

/** Milliseconds for a standby to connect to its primary, or to be promoted. */
const patience = 30_000;

/** Starts both servers, durable as in production. A commit is answered once both have it on disk. */
export async function startPostgresPair({ preload = '' }: PostgresPairOptions = {}): Promise<PostgresPair> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-pair-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));

  const members = await Promise.all(
    ['a', 'b'].map(async (name): Promise<Member> => {
      const dataDir = path.join(folder, name);
      await mkdir(dataDir);
      return { dataDir, port: await freePort(), server: undefined };
    }),
  );
  const [first, second] = members;
  if (first === undefined || second === undefined) throw new TypeError('A pair has two servers.');
  let [primary, other] = [first, second];
  started.defer(async () => {
    // The standby first: a primary waits for it in an orderly stop.
    await other.server?.stop();
    await primary.server?.stop();
  });

  async function start(member: Member, settings: Record<string, string | number> = {}): Promise<string> {
    member.server = await startEmbeddedPostgres({
      dataDir: member.dataDir,
      port: member.port,
      preload,
      settings: { wal_keep_size: '256MB', ...settings },
    });
    return member.server.url;
  }

  async function rejoin(): Promise<void> {
    await other.server?.stop();
    const source = new URL(await on(primary, (client) => copyServer(client, primary, other)));
    await start(other, {
      primary_conninfo: `host=${source.hostname} port=${source.port} user=${source.username} password=${source.password}`,
      // The standby asks its primary again at once after the connection broke.
      wal_retrieve_retry_interval: '100ms',
    });
    await on(primary, async (client) => {
      await setSynchronous(client, '*');
      await until(async () => {
        const { rows } = await client.query(`SELECT FROM pg_stat_replication WHERE sync_state = 'sync'`);
        return rows.length === 1;
      }, 'the standby is synchronous');
    });
  }

  const promote = () =>
    on(primary, (client) => client.query('SELECT pg_promote(true, $1)', [patience / 1000]));

  /** Process id of the process that receives the log, while it is frozen. */
  let receiver: number | undefined;
  const noGuard = (): void => undefined;
  let endGuard = noGuard;

  const primaryUrl = await start(primary);
  await rejoin();
  const urls = [primaryUrl, urlAt(primaryUrl, other.port)] as const;

  const owned = started.move();
  return {
    urls,
    primaryUrl: () => urlAt(primaryUrl, primary.port),
    demotedUrl: () => urlAt(primaryUrl, other.port),
    sql: (text, values = []) => on(primary, async (client) => (await client.query(text, values)).rows),
    async failOver(how, awayFor) {
      const { server } = primary;
      if (how === 'killed' && server) {
        process.kill(server.pid, 'SIGKILL');
        await server.ended;
      } else {
        await server?.stop();
      }
      primary.server = undefined;
      [primary, other] = [other, primary];
      await delay(1000 * awayFor);
      await promote();
    },
    rejoin,
    async freezeStandby(frozen) {
      receiver ??= await on(other, async (client) => {
        const { rows } = await client.query<{ pid: number }>('SELECT pid FROM pg_stat_wal_receiver');
        return rows[0]?.pid;
      });
      if (receiver === undefined) return;
      process.kill(receiver, frozen ? 'SIGSTOP' : 'SIGCONT');
      endGuard();
      endGuard = frozen ? continueWhenGone([receiver]) : noGuard;
      if (!frozen) receiver = undefined;
    },
    async fence() {
      await on(primary, async (client) => {
        await client.query('ALTER SYSTEM SET default_transaction_read_only = on');
        await client.query('SELECT pg_reload_conf()');
      });
      const fenced = primary;
      [primary, other] = [other, primary];
      await promote();
      return (application) =>
        on(fenced, async (client) => {
          const sessions = await client.query('SELECT FROM pg_stat_activity WHERE application_name = $1', [
            application,
          ]);
          return sessions.rows.length;
        });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The URL of both servers, as an operator writes it. Or of a pooler beside each. */
export function urlOfBoth({ urls }: { urls: readonly string[] }): string {
  const [first, second] = urls.map((url) => new URL(url));
  return first && second ? first.href.replace(first.host, `${first.host},${second.host}`) : '';
}

const urlAt = (url: string, port: number): string => Object.assign(new URL(url), { port }).href;

async function on<T>({ server }: Member, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: server?.url, connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Which standbys a commit waits for. A promoted server waits for none, until its standby is back. */
async function setSynchronous(client: Client, names: '*' | ''): Promise<void> {
  await client.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
  await client.query('SELECT pg_reload_conf()');
}

/** What a copy does not take over: the standby fetches the log, and the lock file is that of the running server. */
const notCopied = new Set(['pg_wal', 'postmaster.pid', 'postmaster.opts', 'pg_stat_tmp']);

/**
 * Copies a running server as pg_basebackup does, which npm does not bring.
 *
 * @returns the URL of the source
 * @see https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 */
async function copyServer(client: Client, source: Member, target: Member): Promise<string> {
  const [from, to] = [source, target].map(({ dataDir }) => path.join(dataDir, 'postgres', 'cluster')) as [
    string,
    string,
  ];
  const { uid, gid } = await stat(from);
  const owned = async (made: string) => chown(made, uid, gid);
  await setSynchronous(client, '');
  await rm(path.join(target.dataDir, 'postgres'), { recursive: true, force: true });
  await mkdir(to, { recursive: true, mode: 0o700 });
  await cp(path.join(from, '../password'), path.join(to, '../password'));

  await client.query(`SELECT pg_backup_start('copy', true)`);
  const entries = (await readdir(from)).filter((entry) => !notCopied.has(entry));
  // Node's cp does not keep the owner.
  await promisify(execFile)('cp', ['-pR', ...entries, to], { cwd: from });
  const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop()');

  await writeFile(path.join(to, 'backup_label'), rows[0]?.labelfile ?? '');
  await writeFile(path.join(to, 'standby.signal'), '');
  await mkdir(path.join(to, 'pg_wal'), { mode: 0o700 });
  await mkdir(path.join(to, 'pg_stat_tmp'), { mode: 0o700 });
  for (const made of ['..', '.', '../password', 'backup_label', 'standby.signal', 'pg_wal', 'pg_stat_tmp']) {
    await owned(path.join(to, made));
  }
  return source.server?.url ?? '';
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const giveUpAt = Date.now() + patience;
  while (!(await holds())) {
    if (Date.now() > giveUpAt) throw new Error(`not within ${patience} ms: ${what}`);
    await delay(20);
  }
}
