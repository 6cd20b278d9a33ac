import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { compileCache } from './service-process.ts';

/** A started `npm run logs`, for tests and the crash proof. */
export interface StartedLogs extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Everything on standard error and standard output so far. */
  said(): string;
  output(): string;
  /** URL of the admin port, once it follows files; not with `--once`. */
  url: Promise<string>;
  /** Resolves with the exit code, or the signal. */
  ended: Promise<number | string>;
}

/** Waits are short, so that tests are. */
export const quickWaits = {
  LOGS_BATCH_DELAY: '50ms',
  LOGS_POLL_INTERVAL: '20ms',
  LOGS_ROTATED_WAIT: '300ms',
  LOGS_LINE_WAIT: '500ms',
};

/** @param standardOutput a file descriptor, or `pipe` for `output` */
export function startLogs(
  args: readonly string[],
  env: Readonly<Record<string, string>> = quickWaits,
  standardOutput: number | 'pipe' = 'pipe',
): StartedLogs {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, '../logs/main.ts'), ...args], {
    env: { LOGS_PORT: '0', ...compileCache, ...env },
    stdio: ['pipe', standardOutput, 'pipe', 'ipc'],
  });
  let [said, output] = ['', ''];
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin?.on('error', () => {});
  const url = once(child, 'message').then(([message]) => (message as { url: string }).url);
  const ended = once(child, 'close').then(([code, signal]) => (code as number | null) ?? (signal as string));
  return {
    child,
    said: () => said,
    output: () => output,
    url,
    ended,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}
