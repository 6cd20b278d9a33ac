import { refuseArguments } from '../../src/arguments.ts';
import { environmentWarnings } from '../../src/config/environment-warnings.ts';
import { boundUrl } from '../../src/http/listen.ts';
import { runProcess } from '../../src/process.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';
import { loadEvidenceConfig } from './config.ts';
import { startEvidence } from './server.ts';
import { evidenceVariables } from './variables.ts';

refuseArguments();

/** `npm run evidence`: takes a profile and raises the log level when Alertmanager says so. */
await runProcess(async () => {
  const { logLevel, ...config } = loadEvidenceConfig();
  const logger = createLogger({ service: 'evidence', level: logLevel });
  for (const warning of environmentWarnings(evidenceVariables))
    logger.warn({ event: 'config.warning' }, warning);
  const receiver = await startEvidence({ ...config, logger });
  logger.info({ url: boundUrl(receiver.url, config.host) }, 'listening');
  return {
    announcement: { type: 'listening', url: receiver.url },
    close: () => receiver.close(),
    closeDeadline: 5000,
  };
});
