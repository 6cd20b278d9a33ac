import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { pathOf } from '../../harness/path-of.ts';

const taskset = pathOf('taskset');

/** Whether processes can be bound to cores here: Linux, with two cores or more. */
export const canPin = taskset !== undefined && availableParallelism() > 1;

/** Where a process runs: what serves orders has one core, and what loads and refuses them another. */
export const cores = { serving: 0, loading: 1 } as const;

/** Binds a process, with its threads and its later children, to one core. Does nothing where that is not possible. */
export async function pin(pid: number, core: number): Promise<void> {
  if (taskset === undefined || !canPin) return;
  await promisify(execFile)(taskset, ['-acp', String(core), String(pid)]);
}
