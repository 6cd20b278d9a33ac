import { ConfigError } from './config/environment.ts';
import { StartupError } from './errors.ts';

/** What a started process consists of, as seen from its entry file. */
export interface Running {
  /** Sent to the parent process, where there is one with a channel, as soon as everything listens. */
  announcement: Readonly<Record<string, unknown>>;
  /** Ends everything in order. Called once. */
  close(reason: string): Promise<void>;
  /** Milliseconds that `close` may take before the process is cut off with exit code 1. */
  closeDeadline: number;
  /** Resolves, with a sentence on why, when it cannot go on: it then ends in order too, with exit code 1. */
  failure?: Promise<string>;
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

  const { reason, isFailure } = await Promise.race([
    ending.then((signal) => ({ reason: signal, isFailure: false })),
    ...(running.failure ? [running.failure.then((sentence) => ({ reason: sentence, isFailure: true }))] : []),
  ]);
  if (isFailure) {
    process.stderr.write(`${reason}\n`);
    process.exitCode = 1;
  }
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

/** npm passes a Ctrl-C on that the terminal has already delivered: within this time, in milliseconds, it is the same. */
const sameRequest = 200;

/** Resolves at the first request to end. A second one, by signal, ends the process at once. */
function endOfProcess(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let firstAt: number | undefined;
  const request = (reason: string): void => {
    firstAt ??= performance.now();
    resolve(reason);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (firstAt !== undefined && performance.now() - firstAt > sameRequest) process.exit(1);
      request(signal);
    });
  }
  // The parent may have died while this process was still loading its modules.
  if (process.connected === false) request('parent process is gone');
  else process.once('disconnect', () => request('parent process is gone'));
  return promise;
}

/** Configuration and start-up faults are for the operator: the line alone. Anything else is a defect: with its stack. */
function complain(error: unknown): void {
  const expected = error instanceof ConfigError || error instanceof StartupError;
  const text = expected
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  process.stderr.write(`${text}\n`);
}
