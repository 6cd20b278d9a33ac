import { ConfigError } from './config/environment.ts';
import { onEndingSignal } from './ending-signals.ts';
import { StartupError } from './errors.ts';

/** A started process, as its entry file sees it. */
export interface Running {
  /** Sent to the parent process once everything listens, if there is an IPC channel. */
  announcement: Readonly<Record<string, unknown>>;
  /** Shuts down in order. Called once. */
  close(reason: string): Promise<void>;
  /** Milliseconds after which a running `close` is cut off with exit code 1. */
  closeDeadline: number;
  /** Resolves with the reason when the process cannot continue. It then shuts down in order, with exit code 1. */
  failure?: Promise<string>;
}

/** The end of a process, as its start sees it. */
export interface Ending {
  /** Aborted when the process is to shut down. A start that this cuts short rejects with the signal's reason. */
  signal: AbortSignal;
  /** Asks for a shutdown in order, however often it is called. */
  request(reason: string): void;
}

/**
 * Runs a process from start to exit code. SIGTERM, SIGINT, SIGHUP and the death of the parent shut it down in order, with
 * exit code 0. A second SIGTERM or SIGINT ends it at once. A fault that the operator can fix is reported in one line.
 */
export async function runProcess(start: (ending: Ending) => Promise<Running>): Promise<void> {
  const { asked, ...ending } = endOfProcess();
  let running: Running;
  try {
    running = await start(ending);
  } catch (error) {
    if (error !== ending.signal.reason) {
      report(error);
      process.exitCode = 1;
    }
    if (process.connected) process.disconnect?.();
    return;
  }
  if (process.connected) process.send?.(running.announcement);

  const { reason, isFailure } = await Promise.race([
    asked.then((signal) => ({ reason: signal, isFailure: false })),
    ...(running.failure ? [running.failure.then((sentence) => ({ reason: sentence, isFailure: true }))] : []),
  ]);
  if (isFailure) {
    process.stderr.write(`${reason}\n`);
    process.exitCode = 1;
  }
  const cutOff = setTimeout(() => {
    process.stderr.write(`Shutdown took longer than ${running.closeDeadline} ms and was cut off.\n`);
    process.exit(1);
  }, running.closeDeadline);
  cutOff.unref();
  try {
    await running.close(reason);
  } catch (error) {
    report(error);
    process.exitCode = 1;
  }
  // The channel to the parent would keep the event loop alive.
  if (process.connected) process.disconnect?.();
}

/** `asked` resolves at the first request to shut down. */
function endOfProcess(): Ending & { asked: Promise<string> } {
  const { promise: asked, resolve } = Promise.withResolvers<string>();
  const stopping = new AbortController();
  const request = (reason: string): void => {
    resolve(reason);
    stopping.abort(new Error(`shut down: ${reason}`));
  };
  onEndingSignal(request);
  // The parent may have died while this process was still loading its modules.
  if (process.connected === false) request('parent process is gone');
  else process.once('disconnect', () => request('parent process is gone'));
  return { asked, signal: stopping.signal, request };
}

/** Reports configuration and start-up faults in one line, for the operator, and any other error with its stack. */
function report(error: unknown): void {
  const expected = error instanceof ConfigError || error instanceof StartupError;
  const text = expected
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  process.stderr.write(`${text}\n`);
}
