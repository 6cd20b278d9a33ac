import { spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';

/** How long a client of PgBouncer keeps its connection to Postgres: until it leaves, or for one transaction. */
export type PoolMode = 'session' | 'transaction';

/** A real PgBouncer in front of one database, with its defaults. */
export interface PgBouncer extends AsyncDisposable {
  /** URL of the database through the pooler, with the user and password of the database. */
  url(mode: PoolMode): string;
  /**
   * Leads to the database at this URL from now on, as an HA manager makes it do after a promotion: it rewrites the
   * configuration, which PgBouncer then reads again.
   */
  repoint(databaseUrl: string): Promise<void>;
  /** kill -9 */
  kill(): Promise<void>;
  /** Starts it again, at the same address. */
  start(): Promise<void>;
}

export interface PgBouncerOptions {
  /** Connections to Postgres in each mode. Default 20, as PgBouncer's own. */
  poolSize?: number;
  /** Settings of the section `[pgbouncer]` that differ from the defaults. */
  settings?: Record<string, string | number>;
}

/**
 * The one setting that docs/database/sessions.md advises. After a failed login PgBouncer tries the server again this many
 * seconds later, and refuses clients until then; with its default of 15, Postgres comes back long before orders are stored.
 */
export const advisedSettings = { server_login_retry: 1 };

/** The account that root runs it as, because it refuses to run as root: `nobody` on most systems. */
const nobody = 65_534;

/** @param databaseUrl of Postgres, with user and password */
export async function startPgBouncer(
  databaseUrl: string,
  { poolSize = 20, settings = {} }: PgBouncerOptions = {},
): Promise<PgBouncer> {
  const account = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : undefined;
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-pgbouncer-'));
  const port = await freePort();
  const { username, password } = new URL(databaseUrl);
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: path.join(folder, 'users.txt'),
    default_pool_size: poolSize,
    ...settings,
  };
  const file = path.join(folder, 'pgbouncer.ini');
  const configure = (url: string) => writeFile(file, configuration(url, all));
  await configure(databaseUrl);
  await writeFile(all.auth_file, `"${username}" "${decodeURIComponent(password)}"\n`);
  if (account) await chown(folder, account.uid, account.gid);

  let running: Running | undefined = await run(file, account);
  const kill = async () => {
    await running?.kill();
    running = undefined;
  };
  return {
    url(mode) {
      const url = new URL(databaseUrl);
      url.host = `127.0.0.1:${port}`;
      url.pathname = `/${mode}`;
      return url.href;
    },
    async repoint(url) {
      await configure(url);
      await running?.reload();
    },
    kill,
    async start() {
      running ??= await run(file, account);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(folder, { recursive: true });
    },
  };
}

function configuration(databaseUrl: string, settings: Record<string, string | number>): string {
  const { hostname, port, pathname } = new URL(databaseUrl);
  const server = `host=${hostname} port=${port} dbname=${pathname.slice(1)}`;
  const lines = [
    '[databases]',
    ...(['session', 'transaction'] as const).map((mode) => `${mode} = ${server} pool_mode=${mode}`),
    '[pgbouncer]',
    ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`),
  ];
  return `${lines.join('\n')}\n`;
}

interface Running {
  kill(): Promise<void>;
  /** Resolves once it reads its configuration again. */
  reload(): Promise<void>;
}

async function run(file: string, account: { uid: number; gid: number } | undefined): Promise<Running> {
  const program = process.env['PGBOUNCER_PATH'] ?? 'pgbouncer';
  const child = spawn(program, [file], { ...account, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  // The end of its output tells as well that it did not start.
  exited.catch(() => {});
  let log: string[] = [];
  const lines = createInterface(child.stderr);
  // Reads all of it, so that the pipe never fills.
  lines.on('line', (line) => {
    log = [...log.slice(-50), line];
  });

  /** Resolves at the next line with this text, or rejects when there will be none. */
  async function says(text: string): Promise<void> {
    for await (const [line] of on(lines, 'line', { close: ['close'] })) {
      if (String(line).includes(text)) return;
    }
    throw new Error(`${program} has not said "${text}":\n${log.join('\n')}`);
  }

  await says('process up');
  return {
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async reload() {
      const isRead = says('re-reading config');
      child.kill('SIGHUP');
      await isRead;
    },
  };
}
