import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';

/** The service as a process of its own, for tests of signals and crashes. */
export interface ServiceProcess {
  url: string;
  adminUrl: string;
  child: ChildProcess;
  /** Parsed lines of stdout so far. */
  logs: Array<Record<string, unknown>>;
  /** Its stderr so far. */
  complaints(): string;
  /** Resolves when the process has ended. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Sends SIGTERM, as a container runtime does. */
  stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** kill -9 */
  kill(): Promise<void>;
}

/**
 * Node keeps compiled modules in this folder, which is its default one, so that a process needs half a second less of a
 * processor to start.
 *
 * @see https://nodejs.org/api/module.html#module-compile-cache
 */
export const compileCache = { NODE_COMPILE_CACHE: path.join(tmpdir(), 'node-compile-cache') };

export interface ServiceProcessOptions {
  env: Record<string, string>;
  /** Default: the service's own entry file, as `npm run serve` starts it. */
  entry?: string;
  /** Maximum number of open files and connections. */
  openFiles?: number;
}

/** Starts a service and waits until it listens. */
export async function spawnServiceProcess(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const started = startServiceProcess(options);
  const announced = once(started.child, 'message') as Promise<[{ url: string; adminUrl: string }]>;
  const ended = started.exited.then(({ code, signal }) => {
    throw new Error(`the service ended before it listened (${code ?? signal}): ${started.complaints()}`);
  });
  const [{ url, adminUrl }] = await Promise.race([announced, ended]);
  return { ...started, url, adminUrl };
}

/** Starts a service that may fail before it listens. */
export function startServiceProcess({
  env,
  entry = 'src/main.ts',
  openFiles,
}: ServiceProcessOptions): Omit<ServiceProcess, 'url' | 'adminUrl'> {
  const node = [process.execPath, '--import', './src/telemetry/sdk.ts', entry];
  // Node raises a soft limit to the hard one, so ulimit sets both. `exec` replaces the shell and keeps the IPC channel.
  const limited = ['/bin/sh', '-c', `ulimit -n ${openFiles} && exec "$0" "$@"`, ...node];
  const [command = '', ...args] = openFiles === undefined ? node : limited;
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], OTEL_SDK_DISABLED: 'true', ...compileCache, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  if (child.stdout === null || child.stderr === null) throw new Error('no pipes to the service');
  const logs: ServiceProcess['logs'] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    logs.push(JSON.parse(line) as Record<string, unknown>);
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  // Waits for all output. The event 'close' would too, but never comes once the IPC channel is disconnected.
  const exited = Promise.all([once(child, 'exit'), finished(child.stdout), finished(child.stderr)]).then(
    ([[code, signal]]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null }),
  );
  return {
    child,
    logs,
    complaints: () => stderr,
    exited,
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
