import { environmentWarnings } from '../../src/config/environment-warnings.ts';
import { ConfigError } from '../../src/config/environment.ts';
import { StartupError } from '../../src/errors.ts';
import { readArguments, usage } from './arguments.ts';
import { loadLogsConfig } from './config.ts';
import { TargetGone } from './output/target.ts';
import { processLogs } from './process-logs.ts';
import { logsVariables } from './variables.ts';

/** `npm run logs`: reads log lines, counts them and forwards them. Exit code 1 if something was lost or not readable. */

/** npm forwards a Ctrl-C that the terminal has already delivered. Signals within these milliseconds count as one. */
const duplicateWindow = 200;

try {
  const args = readArguments(process.argv.slice(2));
  if (args === undefined) process.stdout.write(usage);
  else {
    const config = loadLogsConfig();
    for (const warning of environmentWarnings(logsVariables)) process.stderr.write(`Warning: ${warning}\n`);
    if (!(await processLogs(args, config, firstSignal()))) process.exitCode = 1;
    // Standard input, or a request that nobody waits for, would keep the process alive.
    process.exit();
  }
} catch (error) {
  const isExpected =
    error instanceof ConfigError || error instanceof StartupError || error instanceof TargetGone;
  process.stderr.write(
    `${isExpected ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
  );
  process.exit(1);
}

/** Aborts at the first request to stop. A second SIGTERM or SIGINT ends the process at once. */
function firstSignal(): AbortSignal {
  const stopped = new AbortController();
  let firstAt: number | undefined;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      firstAt ??= performance.now();
      const isSecond = performance.now() - firstAt > duplicateWindow;
      // The terminal that closes sends SIGHUP, and so may the shell in it, some time later: nobody has lost patience.
      if (isSecond && signal !== 'SIGHUP') process.exit(1);
      stopped.abort();
    });
  }
  return stopped.signal;
}
