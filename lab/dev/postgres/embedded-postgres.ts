import { access, constants, readFile, realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../../../src/errors.ts';
import { makeFolder } from '../../../src/make-folder.ts';
import { createCluster, readPassword } from './postgres-cluster.ts';
import { findPostgresHome } from './postgres-home.ts';
import { type LaunchedServer, lastLines, launchServer } from './postgres-server.ts';
import { readLockFile, releaseCluster } from './postmaster-lock.ts';

/** A PostgreSQL from npm, which needs neither Docker nor an installation. */
export interface EmbeddedPostgres extends LaunchedServer {
  /** URL of the database `orders`, with its superuser. */
  url: string;
}

export interface EmbeddedPostgresOptions {
  /** Holds the folder `postgres` and the file `postgres.log`; created if missing. */
  dataDir: string;
  /** `false` is faster, but a power cut may lose data: for tests. Default true. */
  durable?: boolean;
  /** Port on 127.0.0.1, for a server that must return to its address. Default: a free port. */
  port?: number;
  /** Value of `shared_preload_libraries`, such as `pg_stat_statements`. Default: none. */
  preload?: string;
  /** Further settings of the server, by name. */
  settings?: Readonly<Record<string, string | number>>;
  /** Folder with the `bin` of another version. Default: PostgreSQL 18, which npm installs. */
  native?: string;
  /** Called with progress that explains a slow start. */
  log?: (line: string) => void;
}

/** Milliseconds until the server accepts connections, including crash recovery. */
const startDeadline = 60_000;

/** Milliseconds for which transient faults are retried. */
const retryFor = 15_000;

/** Transient faults: a port just taken, two runs started at once, sessions of a killed server still ending. */
const transientFault =
  /could not bind|lock file "postmaster.pid" already exists|pre-existing shared memory block/;

/**
 * Starts PostgreSQL. The first start creates the data folder. The server ends with this process, even if the process is
 * killed.
 *
 * @throws {StartupError} with the end of the server's log, or if another run uses `dataDir`
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { durable = true, preload = '', settings = {}, log = () => undefined } = options;
  const startedAt = Date.now();
  const dataDir = await openDataFolder(options.dataDir);
  const logFile = path.join(dataDir, 'postgres.log');
  const home = await findPostgresHome(dataDir, log, options.native);
  const cluster = path.join(home.directory, 'cluster');

  for (;;) {
    const staleLock = await releaseCluster(cluster, options.dataDir);
    let password = await readPassword(home);
    if (password === undefined) {
      log(`creating a database cluster in ${options.dataDir}, on this first start`);
      password = await createCluster(home, { logFile, durable });
    }
    const port = options.port ?? (await freePort());
    const server = await launchServer(home, {
      cluster,
      port,
      logFile,
      durable,
      preload,
      settings,
      staleLock,
    });
    if (await isReady(server, cluster, startedAt + startDeadline)) {
      return { ...server, url: `postgres://orders:${password}@127.0.0.1:${port}/orders` };
    }
    await server.stop();
    const text = await readFile(logFile, 'utf8');
    if (!transientFault.test(text) || Date.now() > startedAt + retryFor) {
      throw new StartupError(`PostgreSQL does not start. The end of ${logFile}:\n${lastLines(text)}`);
    }
    await sleep(100);
  }
}

/**
 * Creates the folder if it is missing.
 *
 * @param variable the environment variable that names it
 * @returns the absolute path without symbolic links, which is the same for every run
 * @throws {StartupError} if it cannot be written to
 */
export async function openDataFolder(folder: string, variable = 'DATA_DIR'): Promise<string> {
  try {
    makeFolder(folder);
    await access(folder, constants.W_OK);
    return await realpath(folder);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartupError(`The data folder cannot be used: ${reason}. Set ${variable} to another one.`, {
      cause,
    });
  }
}

/** A port that is free now. Another process may take it before the server does. */
async function freePort(): Promise<number> {
  const probe = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  probe.once('error', reject);
  probe.listen(0, '127.0.0.1', () => {
    const address = probe.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    probe.close(() => resolve(port));
  });
  return promise;
}

/** Waits until the server accepts connections. @returns `false` if it has ended, or at `deadline` (epoch milliseconds) */
async function isReady(server: LaunchedServer, cluster: string, deadline: number): Promise<boolean> {
  const ended = server.ended.then(() => 'ended');
  while (Date.now() < deadline) {
    const lock = await readLockFile(cluster);
    if (lock?.pid === server.pid && lock.ready) return true;
    if ((await Promise.race([ended, sleep(10)])) === 'ended') return false;
  }
  return false;
}
