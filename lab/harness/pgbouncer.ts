import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
  const { hostname, port: postgresPort, pathname, username, password } = new URL(databaseUrl);
  const server = `host=${hostname} port=${postgresPort} dbname=${pathname.slice(1)}`;
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: path.join(folder, 'users.txt'),
    default_pool_size: poolSize,
    ...settings,
  };
  const lines = [
    '[databases]',
    ...(['session', 'transaction'] as const).map((mode) => `${mode} = ${server} pool_mode=${mode}`),
    '[pgbouncer]',
    ...Object.entries(all).map(([name, value]) => `${name} = ${value}`),
  ];
  const file = path.join(folder, 'pgbouncer.ini');
  await writeFile(file, `${lines.join('\n')}\n`);
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

interface Running {
  kill(): Promise<void>;
}

async function run(file: string, account: { uid: number; gid: number } | undefined): Promise<Running> {
  const program = process.env['PGBOUNCER_PATH'] ?? 'pgbouncer';
  const child = spawn(program, [file], { ...account, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  // The end of its output tells as well that it did not start.
  exited.catch(() => {});
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const log: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    log.push(line);
    if (line.includes('process up')) {
      // Further output must not fill the pipe.
      child.stderr.resume();
      return { kill };
    }
  }
  throw new Error(`${program} did not start:\n${log.join('\n')}`);
}
