import { loadSimulatorConfig } from '../config.ts';
import { runProcess } from '../process.ts';
import { createLogger } from '../telemetry/logger.ts';
import { startSimulator } from './server.ts';

await runProcess(async () => {
  const { host, port, logLevel } = loadSimulatorConfig();
  const logger = createLogger({ service: 'payment-gateway-simulator', level: logLevel });
  const simulator = await startSimulator({ host, port, logger });
  logger.info({ url: simulator.url }, 'listening');
  return {
    announcement: { type: 'listening', url: simulator.url },
    close: () => simulator.close(),
    closeDeadline: 2000,
  };
});
