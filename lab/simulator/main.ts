import { refuseArguments } from '../../src/arguments.ts';
import { environmentWarnings } from '../../src/config/environment-warnings.ts';
import { loadTelemetryConfig, type TelemetryConfig } from '../../src/config/telemetry-config.ts';
import { boundUrl } from '../../src/http/listen.ts';
import { runProcess } from '../../src/process.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';
import { loadSimulatorConfig } from './config.ts';
import { startSimulator } from './server.ts';
import type { Network } from './network/network.ts';
import { simulatorVariables } from './variables.ts';

const service = 'payment-gateway';

refuseArguments();
await runProcess(async () => {
  const { logLevel, hasCollector, ...options } = loadSimulatorConfig();
  // Validated even without a collector, as in every other program.
  const telemetry = loadTelemetryConfig();
  let reportFailure: (message: string) => void = () => {};
  const sdk = hasCollector ? await startTelemetry(telemetry, (message) => reportFailure(message)) : undefined;
  const logger = createLogger({ service, level: logLevel });
  for (const warning of environmentWarnings(simulatorVariables))
    logger.warn({ event: 'config.warning' }, warning);
  reportFailure = (message) => logger.warn(message);
  const simulator = await startSimulator({ ...options, logger });
  logger.info({ url: boundUrl(simulator.url, options.host) }, 'listening');
  // Only the parent process knows the addresses of the dependencies, and only once it has started them.
  process.on('message', (message) => {
    if (asksForNetwork(message)) void connectAll(simulator.network, message.upstreams);
  });
  return {
    announcement: { type: 'listening', url: simulator.url },
    async close() {
      await simulator.close();
      await sdk?.shutdown();
    },
    closeDeadline: 5000,
  };
});

function asksForNetwork(message: unknown): message is { upstreams: Readonly<Record<string, string>> } {
  return typeof message === 'object' && message !== null && 'upstreams' in message;
}

async function connectAll(network: Network, upstreams: Readonly<Record<string, string>>): Promise<void> {
  const addresses: Record<string, string> = {};
  for (const [name, target] of Object.entries(upstreams))
    addresses[name] = await network.connect(name, target);
  if (process.connected) process.send?.(addresses);
}

/** Runs before the logger is created, which looks for the SDK once. Without a collector, its code is not even loaded. */
async function startTelemetry(config: TelemetryConfig, complain: (message: string) => void) {
  if (config.disabled) return undefined;
  const { startSdk } = await import('../../src/telemetry/sdk/start-sdk.ts');
  // The simulator creates its spans itself.
  return startSdk({ ...config, instrumentation: 'lean' }, complain, service);
}
