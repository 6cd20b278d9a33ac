import { loadConfig } from './config.ts';
import { runProcess } from './process.ts';
import { createService } from './service.ts';
import { createLogger } from './telemetry/logger.ts';

await runProcess(async () => {
  const config = loadConfig();
  const logger = createLogger({ service: 'orders', level: config.logLevel });
  const service = await createService(config, logger);
  logger.info({ event: 'service.listening', url: service.url, admin_url: service.adminUrl }, 'listening');
  return {
    announcement: { type: 'listening', url: service.url, adminUrl: service.adminUrl },
    closeDeadline: config.shutdown.deadline,
    async close(reason) {
      logger.info({ event: 'service.stopping', reason }, 'stopping');
      await service.close();
      logger.info({ event: 'service.stopped' }, 'stopped');
    },
  };
});
