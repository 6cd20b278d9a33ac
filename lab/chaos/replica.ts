import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ServiceProcess,
  type ServiceProcessOptions,
  spawnServiceProcess,
} from '../harness/service-process.ts';

export type LogLine = Readonly<Record<string, unknown>>;

/** One instance of the service: a process that can be killed and restarts at the same addresses. */
export interface Replica extends AsyncDisposable {
  url: string;
  adminUrl: string;
  isRunning(): boolean;
  /** Resolves with the exit code once the process has ended; null if a signal ended it. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
  /** Starts the process again at the same addresses. Does nothing if it is running. */
  start(): Promise<void>;
  /** Shifts its calendar clock. A restart resets it. */
  shiftClock(seconds: number): void;
  /** Blocks its event loop for `length` milliseconds every `every` milliseconds; a length of 0 ends it. */
  runLongTasks(length: number, every: number): void;
  /** Keeps what it allocates, until this share of its heap's limit is full; 0 frees it. */
  leakMemory(share: number): void;
  /** Resumes or stops reading its stdout. */
  readStdout(reading: boolean): void;
  /** Id of the process while it is running. */
  pid(): number | undefined;
  /** Stops or continues the process (SIGSTOP, SIGCONT). */
  freeze(frozen: boolean): void;
  /** Has the process write a heap snapshot to disk, in place of the last one. */
  writeHeapSnapshot(): Promise<void>;
  /** All log lines so far, including those of earlier processes. */
  lines(): LogLine[];
}

/** Milliseconds until a load balancer notices that a replica is not ready. */
const noticedAfter = 500;

/** Defects that a replica has from the start, and that begin with a message. */
const defects = ['shifted-clock.ts', 'long-tasks.ts', 'memory-leak.ts'].map((file) =>
  path.join(import.meta.dirname, file),
);

/** In the checkout, because the folder for temporary files is often in memory and not on a disk. */
export const snapshotsFolder = path.resolve(import.meta.dirname, '../../.data');

let replicas = 0;

export async function startReplica(
  env: Readonly<Record<string, string>>,
  { openFiles }: Pick<ServiceProcessOptions, 'openFiles'> = {},
): Promise<Replica> {
  replicas += 1;
  const snapshots = path.join(snapshotsFolder, `heap-${process.pid}-${replicas}`);
  const nodeOptions = [
    ...defects.map((file) => `--import=${file}`),
    '--heapsnapshot-signal=SIGUSR2',
    `--diagnostic-dir=${snapshots}`,
  ];
  const options = {
    env: {
      ...env,
      NODE_OPTIONS: [env['NODE_OPTIONS'] ?? '', ...nodeOptions.map((option) => `"${option}"`)].join(' '),
    },
    ...(openFiles !== undefined && { openFiles }),
  };
  let running: ServiceProcess | undefined = await spawnServiceProcess(options);
  const { url, adminUrl } = running;
  const again = {
    ...options,
    env: { ...options.env, PORT: new URL(url).port, ADMIN_PORT: new URL(adminUrl).port },
  };
  const logs = [running.logs];

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const ending = running;
    if (ending === undefined) return null;
    ending.child.kill(signal);
    // A draining replica keeps serving until the load balancer has noticed.
    if (signal === 'SIGTERM') await Promise.race([delay(noticedAfter), ending.exited]);
    running = undefined;
    ending.child.stdout?.resume();
    return (await ending.exited).code;
  }

  return {
    url,
    adminUrl,
    isRunning: () => running !== undefined,
    end,
    async start() {
      if (running) return;
      running = await spawnServiceProcess(again);
      logs.push(running.logs);
    },
    shiftClock: (seconds) => void running?.child.send({ type: 'shift_clock', milliseconds: 1000 * seconds }),
    runLongTasks: (length, every) => void running?.child.send({ type: 'long_tasks', length, every }),
    leakMemory: (share) => void running?.child.send({ type: 'memory_leak', share }),
    readStdout(reading) {
      if (reading) running?.child.stdout?.resume();
      else running?.child.stdout?.pause();
    },
    pid: () => running?.child.pid,
    freeze: (frozen) => void running?.child.kill(frozen ? 'SIGSTOP' : 'SIGCONT'),
    async writeHeapSnapshot() {
      await rm(snapshots, { recursive: true, force: true });
      await mkdir(snapshots, { recursive: true });
      running?.child.kill('SIGUSR2');
    },
    lines: () => logs.flat(),
    async [Symbol.asyncDispose]() {
      await end('SIGKILL');
      await rm(snapshots, { recursive: true, force: true });
    },
  };
}
