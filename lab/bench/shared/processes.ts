import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import type { Profiler } from 'node:inspector';
import path from 'node:path';
import { BenchFailure } from './failure.ts';

export const root = path.resolve(import.meta.dirname, '../../..');

/** A started process, in whatever language. */
export interface MeasuredProcess extends AsyncDisposable {
  url: string;
  /** Processor time used so far by all its threads, in microseconds. */
  cpuTime(): Promise<number>;
}

/** A started process of this project. */
export interface BenchProcess extends MeasuredProcess {
  pid: number;
  /** Base URL of the admin listener, if it has one. */
  adminUrl: string | undefined;
  /** Address of its page for a browser, if it has one. */
  pageUrl: string | undefined;
  /** Sends a message of its own protocol. */
  tell(message: object): void;
  /** Current RSS in bytes. Not to be called while another call of this process is pending. */
  memory(): Promise<number>;
  /** Memory after a full garbage collection, in bytes. Not to be called while another call is pending. */
  memoryInUse(): Promise<MemoryInUse>;
  /** Runs the work while V8 profiles the process. Resolves with the content of a `.cpuprofile`. */
  profile(work: () => Promise<unknown>): Promise<Profiler.Profile>;
}

export interface MemoryInUse {
  heap: number;
  /** Memory outside the heap, such as buffers. */
  external: number;
  /** RSS of the whole process. */
  resident: number;
}

/**
 * Starts a process of this project and waits until it listens. It ends with this one, even if this one is killed, because
 * its channel to the parent closes.
 *
 * @throws {BenchFailure} if it exits instead
 */
export async function startProcess(options: {
  /** Relative to the project; or absolute, to measure another build. */
  script: string;
  /** The whole environment: an inherited variable could change the figures. */
  env: Readonly<Record<string, string>>;
  /** Module to load first, relative to the project. */
  preload?: string;
  /** Options of Node. */
  nodeOptions?: readonly string[];
  /** File for its standard output. This process would have to read a pipe, at the expense of the load. */
  logFile: string;
}): Promise<BenchProcess> {
  const log = await open(options.logFile, 'w');
  const preloads = ['lab/bench/shared/cpu-probe.ts', options.preload ?? []].flat();
  const args = [
    ...(options.nodeOptions ?? []),
    ...preloads.flatMap((file) => ['--import', path.join(root, file)]),
    path.resolve(root, options.script),
  ];
  const child = spawn(process.execPath, args, {
    env: options.env,
    // Out of reach of Ctrl-C in a terminal, so that this process can end all processes in order.
    detached: true,
    stdio: ['ignore', log.fd, 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  await log.close();

  const { url, adminUrl, pageUrl } = await answerOf(child, ended, options.script);
  if (typeof url !== 'string') throw new BenchFailure(`${options.script} announced no URL.`);
  const ask = (question: 'cpu' | 'memory' | 'collectGarbage' | 'startProfile' | 'stopProfile') => {
    const answer = answerOf(child, ended, options.script);
    child.send(question);
    return answer;
  };
  return {
    url,
    pid: child.pid ?? 0,
    adminUrl: typeof adminUrl === 'string' ? adminUrl : undefined,
    pageUrl: typeof pageUrl === 'string' ? pageUrl : undefined,
    tell: (message) => void child.send(message),
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

/** The next message of the process. @throws {BenchFailure} if it exits first */
async function answerOf(
  child: ChildProcess,
  ended: Promise<unknown>,
  name: string,
): Promise<Readonly<Record<string, unknown>>> {
  const message = once(child, 'message').then(([content]) => content as Readonly<Record<string, unknown>>);
  const answer = await Promise.race([message, ended.then(() => undefined)]);
  if (answer === undefined) throw new BenchFailure(`${name} has exited; its output is above.`);
  return answer;
}
