import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { StartupError } from '../../../src/errors.ts';
import { dataFolderArgument, type PostgresHome } from './postgres-home.ts';
import { ownedBy } from './postmaster-lock.ts';

export const doesNotRun =
  'The embedded PostgreSQL does not run on this machine. Set DATABASE_URL to a PostgreSQL of your own.';

/** The server inherits no variables: one such as PGOPTIONS would change its behaviour. */
export const environment: Readonly<Record<string, string>> = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };

export const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-12).join('\n');

export interface ServerOptions {
  cluster: string;
  port: number;
  logFile: string;
  durable: boolean;
  preload: string;
  /** Further settings, by name. */
  settings: Readonly<Record<string, string | number>>;
  /** Process id in a stale lock file. */
  staleLock: number | undefined;
}

export interface LaunchedServer {
  pid: number;
  /** Resolves when the server has ended, for any reason. */
  ended: Promise<void>;
  /** Ends all sessions, then stops the server. */
  stop: () => Promise<void>;
}

/** Milliseconds for a fast shutdown, with a checkpoint; an immediate shutdown follows. */
const fastShutdownDeadline = 10_000;

/**
 * Starts the server and returns before it accepts connections.
 *
 * @throws {StartupError} if its binary does not run on this machine
 */
export async function launchServer(home: PostgresHome, options: ServerOptions): Promise<LaunchedServer> {
  const log = await open(options.logFile, 'w', 0o600);
  const folder = dataFolderArgument(home, options.cluster);
  const server = spawn(path.join(home.native, 'bin/postgres'), ['-D', folder, ...settings(options)], {
    ...home.account,
    cwd: options.cluster,
    // Postgres refuses to start while the process id in its lock file is alive, even if an unrelated process has it now.
    // It ignores the id in this variable.
    env: { ...environment, PG_GRANDPARENT_PID: String(options.staleLock ?? '') },
    // Ctrl-C in a terminal must not reach it: it stops last, after its clients.
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  try {
    await once(server, 'spawn');
  } catch (cause) {
    throw new StartupError(doesNotRun, { cause });
  } finally {
    await log.close();
  }
  const pid = server.pid ?? 0;
  const watchdog = stopWithThisProcess(pid, home);
  const allEnded = ended.then(watchdog.end);

  const stop = async (): Promise<void> => {
    server.kill('SIGINT');
    const cutOff = setTimeout(() => server.kill('SIGQUIT'), fastShutdownDeadline);
    await allEnded;
    clearTimeout(cutOff);
  };
  return { pid, ended: allEnded, stop };
}

function settings({ cluster, port, durable, preload, settings: further }: ServerOptions): string[] {
  const values: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port,
    shared_buffers: '64MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    shared_preload_libraries: preload,
    ...ownedBy(process.pid, cluster),
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
    ...further,
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/**
 * Starts a shell that waits for the end of its input, which comes when this process is gone, and then stops the server.
 * On a machine without a shell, the server of a killed run stays until the next start.
 */
function stopWithThisProcess(pid: number, home: PostgresHome): { end: () => Promise<void> } {
  const watchdog = spawn('/bin/sh', ['-c', 'read -r _; kill -INT "$0"', String(pid)], {
    ...home.account,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => {
    watchdog.once('exit', () => resolve());
    watchdog.once('error', () => resolve());
  });
  watchdog.unref();
  return {
    end: async () => {
      watchdog.kill('SIGKILL');
      await ended;
    },
  };
}
