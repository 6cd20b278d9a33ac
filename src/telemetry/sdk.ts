import { NodeSDK } from '@opentelemetry/sdk-node';

/**
 * Preloaded with `node --import`, before anything that could be instrumented. Configured by the standard `OTEL_*`
 * variables alone.
 */
new NodeSDK().start();
