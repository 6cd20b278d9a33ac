import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../../../src/errors.ts';
import { describeProcess } from './process-table.ts';

/**
 * Postgres guards a data folder with `postmaster.pid`. A killed run leaves that file behind, sometimes with a running
 * server. This module distinguishes such a leftover from a server in use.
 */

/**
 * Settings that let a later run identify the server's owner. Postgres accepts any setting with a dot in its name, and
 * the command line shows it.
 */
export const ownedBy = (pid: number, cluster: string): Record<string, string | number> => ({
  'observable_orders.owner': pid,
  'observable_orders.cluster': cluster,
});

/** The contents of `postmaster.pid`. */
export interface LockFile {
  pid: number;
  /** Whether the server accepts connections. */
  ready: boolean;
}

/** Reads the lock file; `undefined` after a clean stop. */
export async function readLockFile(cluster: string): Promise<LockFile | undefined> {
  const text = await readFile(path.join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  return Number.isSafeInteger(pid) && pid > 0 ? { pid, ready: lines[7]?.trim() === 'ready' } : undefined;
}

/** Milliseconds that an abandoned server has for its last checkpoint. */
const stopDeadline = 15_000;

/**
 * Stops a server that a killed run has left running on `cluster`.
 *
 * @returns the process id in a stale lock file, for `PG_GRANDPARENT_PID`
 * @throws {StartupError} if the server belongs to a live run
 */
export async function releaseCluster(cluster: string, dataDir: string): Promise<number | undefined> {
  const lock = await readLockFile(cluster);
  if (lock === undefined) return undefined;
  const server = await findServer(lock.pid, cluster);
  if (server === undefined) return lock.pid;
  if (server.parent === server.owner) {
    throw new StartupError(
      `Another run is using ${dataDir} (process ${server.owner}). Stop it, or set DATA_DIR to another folder.`,
    );
  }
  process.kill(lock.pid, 'SIGINT');
  const deadline = Date.now() + stopDeadline;
  while ((await findServer(lock.pid, cluster)) !== undefined) {
    if (Date.now() > deadline) {
      throw new StartupError(
        `A PostgreSQL of an earlier run (process ${lock.pid}) does not stop. End it by hand.`,
      );
    }
    await sleep(20);
  }
  return (await readLockFile(cluster))?.pid;
}

interface Server {
  parent: number;
  /** The process that started it; differs from `parent` once that process has died. */
  owner: number;
}

/** The server on `cluster` with this process id; `undefined` if no process, or an unrelated one, has the id now. */
async function findServer(pid: number, cluster: string): Promise<Server | undefined> {
  const found = await describeProcess(pid);
  if (!found?.commandLine.includes(` observable_orders.cluster=${cluster} `)) return undefined;
  const [, owner] = / observable_orders\.owner=(\d+) /.exec(found.commandLine) ?? [];
  return { parent: found.parent, owner: Number(owner) };
}
