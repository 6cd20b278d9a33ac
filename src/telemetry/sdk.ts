import { ConfigError } from '../config/environment.ts';
import { faultsOf } from '../config/faults-of.ts';
import { loadTelemetryConfig } from '../config/telemetry-config.ts';
import type { DroppedTelemetry } from './metrics/telemetry-metrics.ts';

/**
 * Starts the OpenTelemetry SDK. `node --import` preloads this file before any library that could be instrumented. The
 * standard `OTEL_*` variables and TELEMETRY_INSTRUMENTATION configure it. If it is disabled, its code is not even loaded, but
 * a trace of a caller still goes on to the called side.
 */
const config = await loadConfigOrExit();
let reportFailure: (message: string) => void = () => {};
const started = config.disabled
  ? await import('./sdk/propagate-only.ts').then(({ propagateOnly }) => propagateOnly(config.propagation))
  : await import('./sdk/start-sdk.ts').then(({ startSdk }) =>
      startSdk(config, (message) => reportFailure(message)),
    );

/** An error thrown here would end the process with a stack trace. */
async function loadConfigOrExit() {
  try {
    return loadTelemetryConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // The service would name its own only once these are mended.
    const { loadConfig } = await import('../config/config.ts');
    process.stderr.write(`${faultsOf([loadTelemetryConfig, loadConfig]).join('\n')}\n`);
    process.exit(1);
  }
}

/** Sets the listener for failures of telemetry itself. Earlier ones are ignored, because no logger exists yet. */
export function onTelemetryFailure(listener: (message: string) => void): void {
  reportFailure = listener;
}

/** Spans and log records lost so far, by signal and reason. */
export function droppedTelemetry(): DroppedTelemetry {
  return started?.dropped ?? {};
}

/** Exports what is still queued. It never throws, because nothing could handle an error at the end of the process. */
export async function shutdownTelemetry(): Promise<void> {
  await started?.shutdown();
}
