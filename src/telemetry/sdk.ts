import { isTelemetryDisabled } from '../config.ts';

/**
 * Preloaded with `node --import`, before anything that could be instrumented. Configured by the standard `OTEL_*`
 * variables alone. Where it is disabled not even its code is loaded.
 */
if (!isTelemetryDisabled()) {
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  new NodeSDK().start();
}
