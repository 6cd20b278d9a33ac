import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface ProcessDescription {
  parent: number;
  /** Program and arguments, separated by spaces. */
  commandLine: string;
}

/** @returns `undefined` if there is no such process, or this user may not see it */
export async function describeProcess(pid: number): Promise<ProcessDescription | undefined> {
  try {
    return process.platform === 'linux' ? await readProc(pid) : await askPs(pid);
  } catch {
    return undefined;
  }
}

/** Reads /proc, because small container images have no `ps`. */
async function readProc(pid: number): Promise<ProcessDescription> {
  const [stat, commandLine] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
  ]);
  // "pid (name) state parent …", and the name may contain anything, even a parenthesis.
  const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(parent), commandLine: commandLine.replaceAll('\0', ' ') };
}

async function askPs(pid: number): Promise<ProcessDescription> {
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'ppid=,args=', '-p', String(pid)]);
  const [, parent, commandLine = ''] = /^\s*(\d+)\s+(.*)$/m.exec(stdout) ?? [];
  return { parent: Number(parent), commandLine: `${commandLine} ` };
}
