import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import type { Profiler } from 'node:inspector';
import path from 'node:path';
import { BenchFailure } from './failure.ts';

export const root = path.resolve(import.meta.dirname, '../../..');

export interface BenchProcess extends AsyncDisposable {
  url: string;
  /** Of the admin listener, where it has one. */
  adminUrl: string | undefined;
  /** Processor time that it has used so far with all its threads, in microseconds. */
  cpuTime(): Promise<number>;
  /** Memory that it has in use at this moment (RSS), in bytes. Not to be asked while something else is. */
  memory(): Promise<number>;
  /** What a full garbage collection leaves, in bytes. Not to be asked while something else is. */
  memoryInUse(): Promise<MemoryInUse>;
  /** Does the work while V8 takes a CPU profile of the process, and returns that, for a `.cpuprofile`. */
  profile(work: () => Promise<unknown>): Promise<Profiler.Profile>;
}

export interface MemoryInUse {
  heap: number;
  /** Beside the heap, such as buffers. */
  external: number;
  /** Of the whole process (RSS). */
  resident: number;
}

/**
 * Starts a process of this project and waits until it listens. It ends with this one, even with one that is killed,
 * because then its channel to the parent closes.
 *
 * @throws {BenchFailure} where it ends instead
 */
export async function startProcess(options: {
  /** Relative to the project. */
  script: string;
  /** The whole environment: a variable of the user's own would change what is measured. */
  env: Readonly<Record<string, string>>;
  /** Loaded before it, relative to the project. */
  preload?: string;
  /** Gets its standard output. A pipe would have this process read it, at the expense of the load. */
  logFile: string;
}): Promise<BenchProcess> {
  const log = await open(options.logFile, 'w');
  const preloads = ['lab/bench/shared/cpu-probe.ts', options.preload ?? []].flat();
  const args = [
    ...preloads.flatMap((file) => ['--import', path.join(root, file)]),
    path.join(root, options.script),
  ];
  const child = spawn(process.execPath, args, {
    env: options.env,
    // Out of reach of Ctrl-C in a terminal: this process ends all in order.
    detached: true,
    stdio: ['ignore', log.fd, 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  await log.close();

  const { url, adminUrl } = await answerOf(child, ended, options.script);
  if (typeof url !== 'string') throw new BenchFailure(`${options.script} announced no URL.`);
  const ask = (question: 'cpu' | 'memory' | 'collectGarbage' | 'startProfile' | 'stopProfile') => {
    const answer = answerOf(child, ended, options.script);
    child.send(question);
    return answer;
  };
  return {
    url,
    adminUrl: typeof adminUrl === 'string' ? adminUrl : undefined,
    async cpuTime() {
      const { user, system } = await ask('cpu');
      return Number(user) + Number(system);
    },
    async memory() {
      return Number((await ask('memory'))['resident']);
    },
    async memoryInUse() {
      const { heapUsed, external, rss } = await ask('collectGarbage');
      return { heap: Number(heapUsed), external: Number(external), resident: Number(rss) };
    },
    async profile(work) {
      await ask('startProfile');
      await work();
      return (await ask('stopProfile')) as unknown as Profiler.Profile;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** The next message of the process, where it does not end before. */
async function answerOf(
  child: ChildProcess,
  ended: Promise<unknown>,
  name: string,
): Promise<Readonly<Record<string, unknown>>> {
  const message = once(child, 'message').then(([content]) => content as Readonly<Record<string, unknown>>);
  const answer = await Promise.race([message, ended.then(() => undefined)]);
  if (answer === undefined) throw new BenchFailure(`${name} has ended; what it said stands above.`);
  return answer;
}
