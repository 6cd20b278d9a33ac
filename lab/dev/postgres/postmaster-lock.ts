import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../../../src/errors.ts';
import { describeProcess } from './process-table.ts';

/**
 * Postgres guards a data folder with `postmaster.pid`. A killed run leaves that file behind, at times with a
 * server that still runs; this file tells such a rest from a server that somebody is using.
 */

/**
 * Settings by which a later run finds out whose server this is. Postgres takes any name with a dot, and the command
 * line keeps it.
 */
export const ownedBy = (pid: number, cluster: string): Record<string, string | number> => ({
  'observable_orders.owner': pid,
  'observable_orders.cluster': cluster,
});

/** What `postmaster.pid` says of the server that wrote it. */
export interface LockFile {
  pid: number;
  /** Whether the server takes connections. */
  ready: boolean;
}

/** `undefined` where no server has run since the last clean stop. */
export async function readLockFile(cluster: string): Promise<LockFile | undefined> {
  const text = await readFile(path.join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  return Number.isSafeInteger(pid) && pid > 0 ? { pid, ready: lines[7]?.trim() === 'ready' } : undefined;
}

/** How long an abandoned server may take for its last checkpoint, in milliseconds. */
const stopDeadline = 15_000;

/**
 * Stops a server that a killed run has left on `cluster`.
 *
 * @returns the process id in a lock file that is out of date, for `PG_GRANDPARENT_PID`
 * @throws {StartupError} when the server belongs to a run that is alive
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
  /** The process that started it; no longer `parent` once that process has died. */
  owner: number;
}

/** The server on `cluster` with this process id; `undefined` where the id is free or somebody else's by now. */
async function findServer(pid: number, cluster: string): Promise<Server | undefined> {
  const found = await describeProcess(pid);
  if (!found?.commandLine.includes(` observable_orders.cluster=${cluster} `)) return undefined;
  const [, owner] = / observable_orders\.owner=(\d+) /.exec(found.commandLine) ?? [];
  return { parent: found.parent, owner: Number(owner) };
}
