import { loadTelemetryConfig } from '../config/telemetry-config.ts';
import type { DroppedTelemetry } from './metrics/telemetry-metrics.ts';

/**
 * Preloaded with `node --import`, before anything that could be instrumented. Configured by the standard `OTEL_*`
 * variables and one of ours. Where telemetry is disabled not even its code is loaded.
 */
const config = loadTelemetryConfig();
let complain: (message: string) => void = () => {};
const started = config.disabled
  ? undefined
  : await import('./sdk/start-sdk.ts').then(({ startSdk }) =>
      startSdk(config, (message) => complain(message)),
    );

/** Names whom to tell when telemetry itself fails. Until then nobody is told: there is no logger yet. */
export function onTelemetryFailure(listener: (message: string) => void): void {
  complain = listener;
}

/** What was lost so far, by signal and reason. */
export function droppedTelemetry(): DroppedTelemetry {
  return started?.dropped ?? {};
}

/** Sends what is still queued. Never throws: at the end of the process nobody could do anything about it. */
export async function shutdownTelemetry(): Promise<void> {
  await started?.shutdown();
}
