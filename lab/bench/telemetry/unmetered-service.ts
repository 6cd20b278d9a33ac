import { loadConfig } from '../../../src/config/config.ts';
import { runProcess } from '../../../src/process.ts';
import { createService } from '../../../src/service.ts';
import { createLogDestination } from '../../../src/telemetry/logging/log-destination.ts';
import { Counter } from '../../../src/telemetry/metrics/counter.ts';
import { Gauge } from '../../../src/telemetry/metrics/gauge.ts';
import { Histogram } from '../../../src/telemetry/metrics/histogram.ts';
import { createLogger } from '../../../src/telemetry/logging/logger.ts';
import type { Metrics } from '../../../src/telemetry/metrics/metrics.ts';
import { shutdownTelemetry } from '../../../src/telemetry/sdk.ts';

/** The service without metrics, for the rows that measure the rest: no setting switches the metrics off. */

const nothing = (): void => {};

class NoCounter extends Counter {
  override increment(): void {}
}

class NoHistogram extends Histogram {
  override observe(): boolean {
    return false;
  }
}

const [counter, gauge, histogram] = [
  new NoCounter({}, nothing),
  new Gauge({}, nothing),
  new NoHistogram('', {}, [], nothing),
];

const noMetrics: Metrics = {
  instruments: {
    detailed: false,
    counter: () => ({ child: () => counter }),
    gauge: () => ({ child: () => gauge }),
    histogram: () => ({ child: () => histogram }),
  },
  detailed: false,
  render: () => Promise.resolve(''),
  requestStarted: nothing,
  connections: () => new Gauge({}, nothing),
  unread: () => new Gauge({}, nothing),
  connectionRefused: nothing,
  unreadable: nothing,
  requestEnded: () => false,
  dependency: nothing,
  batchSent: nothing,
  retries: nothing,
  breakerCall: nothing,
  breakerChanged: nothing,
  watch: nothing,
  authFailed: nothing,
  shed: nothing,
  cacheRequested: nothing,
  logged: nothing,
  logsDropped: nothing,
  registerGauges: nothing,
};

await runProcess(async () => {
  const config = loadConfig();
  const stdout = createLogDestination();
  const logger = createLogger({ service: 'orders', level: config.logLevel, destination: stdout });
  const service = await createService(config, { logger, metrics: noMetrics });
  return {
    announcement: { url: service.url },
    closeDeadline: config.shutdown.deadline,
    async close() {
      await service.close();
      await shutdownTelemetry();
    },
  };
});
