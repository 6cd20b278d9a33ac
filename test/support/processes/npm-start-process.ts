import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { compileCache } from '../../../lab/harness/service-process.ts';
import { teaOrder } from '../clients/api-client.ts';
import { traceIdOf } from '../clients/trace-context.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** `npm start` as a user runs it. */
export interface NpmStartProcess extends AsyncDisposable {
  pid: number;
  /** Its stdout so far. */
  output: () => string;
  /** Its stderr so far. */
  complaints: () => string;
  /** Waits until the output matches. @returns the first group of the pattern */
  find: (pattern: RegExp) => Promise<string>;
  /** Resolves with the exit code, or with the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>;
}

const ports = { PORT: '0', ADMIN_PORT: '0', SIMULATOR_PORT: '0', CONSOLE_PORT: '0' };

/** Starts it on free ports, with only PATH and HOME of the tests' environment. */
export function spawnNpmStart(
  env: Record<string, string>,
  [program, ...args]: [string, ...string[]] = [process.execPath, path.join(root, 'lab/dev/main.ts')],
): NpmStartProcess {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(program, args, {
    cwd: root,
    env: { PATH, HOME, ...compileCache, ...ports, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid ?? 0;
  let output = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const ended = once(child, 'close').then(() => child.signalCode ?? child.exitCode);

  const find = async (pattern: RegExp): Promise<string> => {
    const failed = ended.then(() => {
      throw new Error(`It ended without ${String(pattern)}:\n${output}${complaints}`);
    });
    // After a match, nothing awaits this promise any more.
    failed.catch(() => {});
    for (;;) {
      const found = pattern.exec(output)?.[1];
      if (found !== undefined) return found;
      await Promise.race([once(child.stdout, 'data'), failed]);
    }
  };
  const destroy = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const family = [pid, ...(await descendants(pid))];
    for (const member of family) killNow(member);
    await expect.poll(() => stillRunning(family), soon).toEqual([]);
  };
  return {
    pid,
    output: () => output,
    complaints: () => complaints,
    find,
    ended,
    [Symbol.asyncDispose]: destroy,
  };
}

/** Patterns of its banner: the address of the API, and the last line. */
export const apiLine = /API +(http:\S+)/;
export const bannerEnd = /(Ctrl-C stops everything)/;

/** Places an order with the demo key, as the banner shows. */
export async function placeOrder(apiUrl: string): Promise<{ status: number; id: string; traceId: string }> {
  const response = await fetch(`${apiUrl}/orders`, {
    method: 'POST',
    headers: { authorization: 'Bearer demo-key', 'content-type': 'application/json' },
    body: JSON.stringify(teaOrder),
  });
  const { id } = (await response.json()) as { id: string };
  return { status: response.status, id, traceId: traceIdOf(response.headers) };
}

/** Options of `expect.poll` for ending processes, in milliseconds. */
export const soon = { timeout: 20_000, interval: 50 };

/** The processes that have not ended. */
export async function stillRunning(pids: readonly number[]): Promise<number[]> {
  return (await runningProcesses()).map(({ pid }) => pid).filter((pid) => pids.includes(pid));
}

/** All descendants of a process, including those of Postgres, whose command line contains the text. */
export async function descendants(ancestor: number, text = ''): Promise<number[]> {
  const all = await runningProcesses();
  const family = new Set([ancestor]);
  // A child may be listed before its parent.
  for (let known = 0; known < family.size; ) {
    known = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  family.delete(ancestor);
  return all
    .filter(({ pid, commandLine }) => family.has(pid) && commandLine.includes(text))
    .map(({ pid }) => pid);
}

/** kill -9 */
export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has already ended.
  }
}

interface RunningProcess {
  pid: number;
  parent: number;
  commandLine: string;
}

/** All processes except zombies. */
async function runningProcesses(): Promise<RunningProcess[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'pid=,ppid=,stat=,args='], {
    maxBuffer: 2 ** 24,
  });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, state = 'Z', commandLine = ''] =
      /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return state.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), commandLine }];
  });
}
