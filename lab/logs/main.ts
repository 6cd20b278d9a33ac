import { environmentWarnings } from '../../src/config/environment-warnings.ts';
import { ConfigError } from '../../src/config/environment.ts';
import { onEndingSignal } from '../../src/ending-signals.ts';
import { StartupError } from '../../src/errors.ts';
import { readArguments, usage } from './arguments.ts';
import { loadLogsConfig } from './config.ts';
import { TargetGone } from './output/target.ts';
import { processLogs } from './process-logs.ts';
import { logsVariables } from './variables.ts';

/** `npm run logs`: reads log lines, counts them and forwards them. Exit code 1 if something was lost or not readable. */

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
  onEndingSignal(() => stopped.abort());
  return stopped.signal;
}
