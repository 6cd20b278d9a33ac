/** npm forwards a Ctrl-C that the terminal has already delivered. Signals within these milliseconds count as one. */
const duplicateWindow = 200;

/** Calls `end` at each signal that asks the process to end. A second SIGTERM or SIGINT ends it at once, with exit code 1. */
export function onEndingSignal(end: (signal: NodeJS.Signals) => void): void {
  let firstAt: number | undefined;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      firstAt ??= performance.now();
      const isSecond = performance.now() - firstAt > duplicateWindow;
      // The terminal that closes sends SIGHUP, and so may the shell in it, some time later: nobody has lost patience.
      if (isSecond && signal !== 'SIGHUP') process.exit(1);
      end(signal);
    });
  }
}
