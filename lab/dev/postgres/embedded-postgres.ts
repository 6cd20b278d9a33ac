import { access, constants, mkdir, readFile, realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../../../src/errors.ts';
import { createCluster, readPassword } from './postgres-cluster.ts';
import { findPostgresHome } from './postgres-home.ts';
import { type LaunchedServer, lastLines, launchServer } from './postgres-server.ts';
import { readLockFile, releaseCluster } from './postmaster-lock.ts';

/** A PostgreSQL 18 from npm, which needs no Docker and no installation. */
export interface EmbeddedPostgres extends LaunchedServer {
  /** Database `orders`, as its superuser. */
  url: string;
}

export interface EmbeddedPostgresOptions {
  /** Gets the folder `postgres` and the file `postgres.log`; created where missing. */
  dataDir: string;
  /** `false` is for tests: faster, and a power cut may lose data. Default true. */
  durable?: boolean;
  /** On 127.0.0.1; for a server that comes back at the address it had. Default any free one. */
  port?: number;
  /** Value of `shared_preload_libraries`, such as `pg_stat_statements`. Default none. */
  preload?: string;
  /** Told what the user would otherwise wonder about. */
  log?: (line: string) => void;
}

/** Until the server takes connections, recovery from a crash included; in milliseconds. */
const startDeadline = 60_000;

/** How long faults that pass are waited for, in milliseconds. */
const retryFor = 15_000;

/** Another try can help: a port just taken, two runs started at once, sessions of a killed server still ending. */
const passingFault =
  /could not bind|lock file "postmaster.pid" already exists|pre-existing shared memory block/;

/**
 * Starts PostgreSQL with a data folder that the first start creates. The server ends with this process, even with
 * one that is killed.
 *
 * @throws {StartupError} with the end of the server's log, or when another run uses `dataDir`
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { durable = true, preload = '', log = () => undefined } = options;
  const startedAt = Date.now();
  const dataDir = await openFolder(options.dataDir);
  const logFile = path.join(dataDir, 'postgres.log');
  const home = await findPostgresHome(dataDir, log);
  const cluster = path.join(home.directory, 'cluster');

  for (;;) {
    const staleLock = await releaseCluster(cluster, options.dataDir);
    let password = await readPassword(home);
    if (password === undefined) {
      log(`creating a database cluster in ${options.dataDir}, on this first start`);
      password = await createCluster(home, { logFile, durable });
    }
    const port = options.port ?? (await freePort());
    const server = await launchServer(home, { cluster, port, logFile, durable, preload, staleLock });
    if (await isReady(server, cluster, startedAt + startDeadline)) {
      return { ...server, url: `postgres://orders:${password}@127.0.0.1:${port}/orders` };
    }
    await server.stop();
    const text = await readFile(logFile, 'utf8');
    if (!passingFault.test(text) || Date.now() > startedAt + retryFor) {
      throw new StartupError(`PostgreSQL does not start. The end of ${logFile}:\n${lastLines(text)}`);
    }
    await sleep(100);
  }
}

/** @returns its absolute path without symbolic links, by which every run knows the same folder */
async function openFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return await realpath(folder);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartupError(`The data folder cannot be used: ${reason}. Set DATA_DIR to another one.`, {
      cause,
    });
  }
}

/** Free now; somebody else may take it before the server does. */
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

/** `false` where the server has ended, or the deadline (a time in milliseconds) has passed. */
async function isReady(server: LaunchedServer, cluster: string, deadline: number): Promise<boolean> {
  const ended = server.ended.then(() => 'ended');
  while (Date.now() < deadline) {
    const lock = await readLockFile(cluster);
    if (lock?.pid === server.pid && lock.ready) return true;
    if ((await Promise.race([ended, sleep(10)])) === 'ended') return false;
  }
  return false;
}
