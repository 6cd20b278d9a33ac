/** The wish to end a command, by its user or by a supervisor. */
export interface Interruption {
  /** Aborted by the first wish. What the command has set must be taken back then. */
  readonly signal: AbortSignal;
  /** Expresses the wish, for a key that is no signal. A second wish ends the process at once, with exit code 130. */
  request(): void;
  /** Says that nobody is there any more. It never ends the process at once. */
  abandon(): void;
}

/** npm forwards a Ctrl-C that the terminal has already delivered. Wishes within these milliseconds are one. */
const duplicateWindow = 200;

/**
 * Watches for SIGINT, SIGTERM and SIGHUP, and for a terminal or pipe that closes, so that a command can take its faults back.
 *
 * @param left what a second wish may leave behind; printed when there is one
 */
export function watchInterruption(left: () => string): Interruption {
  const ending = new AbortController();
  let firstAt: number | undefined;

  function request(): void {
    if (firstAt !== undefined && performance.now() - firstAt > duplicateWindow) {
      process.stderr.write(`\nEnded at once. ${left()}\n`);
      process.exit(130);
    }
    firstAt ??= performance.now();
    ending.abort();
  }

  process.on('SIGINT', request);
  process.on('SIGTERM', request);
  const abandon = () => ending.abort();
  // A terminal that closes may send it more than once.
  process.on('SIGHUP', abandon);
  // Without a listener, the first line that cannot be written would end the process with its faults set.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', abandon);
  return { signal: ending.signal, request, abandon };
}
