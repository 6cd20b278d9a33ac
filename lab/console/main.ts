import { refuseArguments } from '../../src/arguments.ts';
import { environmentWarnings } from '../../src/config/environment-warnings.ts';
import { StartupError } from '../../src/errors.ts';
import { runProcess } from '../../src/process.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';
import { loadConsoleConfig } from './config.ts';
import { startConsole } from './console.ts';
import type { Targets } from './targets.ts';
import { consoleVariables } from './variables.ts';

refuseArguments();
await runProcess(async () => {
  const { environment, targets, ...options } = loadConsoleConfig();
  if (environment === 'production')
    throw new StartupError('The console is for development: it does not start in production.');
  const logger = createLogger({ service: 'console', level: 'info' });
  for (const warning of environmentWarnings(consoleVariables))
    logger.warn({ event: 'config.warning' }, warning);
  // A parent with an IPC channel sends the targets later, because their ports are not known yet.
  const hasParent = process.connected === true;
  const running = await startConsole({
    ...options,
    ...(!hasParent && { targets }),
    onUnexpectedError: (error) =>
      logger.error({ event: 'console.defect', err: error }, 'request failed with an unexpected error'),
  });
  if (hasParent) process.on('message', (message) => isTargets(message) && running.watch(message));
  else {
    process.stdout.write(`Console: ${running.pageUrl}
It waits for telemetry over OTLP, and reads ${targets.metricsUrl} every second. A service that sends it:
  OTEL_EXPORTER_OTLP_ENDPOINT=${running.url} npm run serve
Ctrl-C ends the console, and what it has received is gone then. Faults that were set in it stay.
`);
  }
  return {
    announcement: { type: 'listening', url: running.url, pageUrl: running.pageUrl },
    close: () => running.close(),
    closeDeadline: 5000,
  };
});

function isTargets(message: unknown): message is Targets {
  return typeof message === 'object' && message !== null && 'metricsUrl' in message;
}
