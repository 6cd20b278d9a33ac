import { once } from 'node:events';
import { ConfigError } from './config.ts';
import { StartupError } from './errors.ts';

/** What a started process consists of, as seen from its entry file. */
export interface Running {
  /** Sent to the parent process, where there is one with a channel, as soon as everything listens. */
  announcement: Readonly<Record<string, unknown>>;
  /** Ends everything in order. Called once. */
  close(reason: string): Promise<void>;
  /** Milliseconds that `close` may take before the process is cut off with exit code 1. */
  closeDeadline: number;
}

/**
 * Runs a process from start to exit code: SIGTERM, SIGINT, SIGHUP and the death of the parent end it in order
 * with exit code 0, a second signal ends it at once, and what its operator can repair is said in one line.
 */
export async function runProcess(start: () => Promise<Running>): Promise<void> {
  const ending = endOfProcess();
  let running: Running;
  try {
    running = await start();
  } catch (error) {
    complain(error);
    process.exitCode = 1;
    if (process.connected) process.disconnect?.();
    return;
  }
  if (process.connected) process.send?.(running.announcement);

  const reason = await ending;
  const cutOff = setTimeout(() => {
    complain(new StartupError(`Shutdown took longer than ${running.closeDeadline} ms and was cut off.`));
    process.exit(1);
  }, running.closeDeadline);
  cutOff.unref();
  try {
    await running.close(reason);
  } catch (error) {
    complain(error);
    process.exitCode = 1;
  }
  // The channel to the parent would keep the event loop alive.
  if (process.connected) process.disconnect?.();
}

/** Resolves at the first request to end, and arms the second one, which ends the process at once. */
async function endOfProcess(): Promise<string> {
  const reason = await Promise.race([
    ...(['SIGTERM', 'SIGINT', 'SIGHUP'] as const).map((signal) => once(process, signal).then(() => signal)),
    once(process, 'disconnect').then(() => 'parent process is gone'),
  ]);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));
  return reason;
}

/** Configuration and start-up faults are for the operator: the line alone. Anything else is a defect: with its stack. */
function complain(error: unknown): void {
  const expected = error instanceof ConfigError || error instanceof StartupError;
  const text = expected ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${text}\n`);
}
