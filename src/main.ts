import { refuseArguments } from './arguments.ts';
import { loadConfig } from './config/config.ts';
import { environmentWarnings } from './config/environment-warnings.ts';
import { variables } from './config/variables.ts';
import { boundUrl } from './http/listen.ts';
import { runProcess } from './process.ts';
import { createService } from './service.ts';
import { createLogDestination } from './telemetry/logging/log-destination.ts';
import { createLogger } from './telemetry/logging/logger.ts';
import { describeDatabases } from './telemetry/metrics/describe-databases.ts';
import { createMetrics } from './telemetry/metrics/metrics.ts';
import { droppedTelemetry, onTelemetryFailure, shutdownTelemetry } from './telemetry/sdk.ts';

/** Milliseconds to write the last log lines; a reader that has stopped reading never gets them. */
const lastLinesDeadline = 1000;

const withoutOwnNames =
  'METRICS_NAMES=opentelemetry leaves out metrics that the rules, alerts and dashboards of this repository read, so that such an alert never fires: METRICS_NAMES=both has all';

refuseArguments();
await runProcess(async () => {
  const config = loadConfig();
  const metrics = createMetrics({
    names: config.metricNames,
    conventionContext: describeDatabases(config),
    exemplarInterval: config.exemplarInterval,
    onFirstDrop: ({ metric, reason, error }) =>
      logger.warn(
        { event: 'metrics.dropped', metric, reason, ...(error !== undefined && { err: error }) },
        'a metric loses values',
      ),
    droppedTelemetry,
  });
  const stdout = createLogDestination({
    onDrop: (lines, reason) => metrics.logsDropped(reason, lines),
    onRecovered: (lines) =>
      logger.warn({ event: 'log.dropped', lines }, 'stdout was too slow, log lines are missing'),
  });
  const logger = createLogger({
    service: config.serviceName,
    level: config.logLevel,
    destination: stdout,
    onMessage: metrics.logged,
  });
  for (const warning of environmentWarnings(variables)) logger.warn({ event: 'config.warning' }, warning);
  if (config.metricNames === 'opentelemetry') logger.warn({ event: 'config.warning' }, withoutOwnNames);
  onTelemetryFailure((message) => logger.warn({ event: 'telemetry.failed' }, message));
  const service = await createService(config, { logger, metrics });
  const bound = {
    url: boundUrl(service.url, config.http.host),
    admin_url: boundUrl(service.adminUrl, config.admin.host),
  };
  logger.info({ event: 'service.listening', ...bound }, 'listening');
  return {
    announcement: { type: 'listening', url: service.url, adminUrl: service.adminUrl },
    closeDeadline: config.shutdown.deadline,
    async close(reason) {
      logger.info({ event: 'service.stopping', reason }, 'stopping');
      await service.close();
      logger.info({ event: 'service.stopped' }, 'stopped');
      await shutdownTelemetry();
      await stdout.drain(lastLinesDeadline);
    },
  };
});
