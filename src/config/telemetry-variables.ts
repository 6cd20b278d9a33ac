import { wholeNumber } from './environment.ts';
import { variables } from './variables.ts';

/** Names, defaults and meanings are the OpenTelemetry specification's. */
export const telemetryVariables = {
  NODE_ENV: variables.NODE_ENV,
  TELEMETRY_INSTRUMENTATION: variables.TELEMETRY_INSTRUMENTATION,
  OTEL_BSP_MAX_QUEUE_SIZE: wholeNumber(1, 1_000_000, {
    default: '2048',
    meaning: 'spans that wait to be sent',
  }),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: wholeNumber(1, 1_000_000, {
    default: '512',
    meaning: 'spans sent at once',
  }),
  OTEL_BSP_SCHEDULE_DELAY: wholeNumber(0, 3_600_000, { default: '5000', meaning: 'ms between two batches' }),
  OTEL_BSP_EXPORT_TIMEOUT: wholeNumber(1, 3_600_000, { default: '30000', meaning: 'ms for one batch' }),
  OTEL_BLRP_MAX_QUEUE_SIZE: wholeNumber(1, 1_000_000, {
    default: '2048',
    meaning: 'log records that wait to be sent',
  }),
  OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: wholeNumber(1, 1_000_000, {
    default: '512',
    meaning: 'log records sent at once',
  }),
  OTEL_BLRP_SCHEDULE_DELAY: wholeNumber(0, 3_600_000, { default: '1000', meaning: 'ms between two batches' }),
  OTEL_BLRP_EXPORT_TIMEOUT: wholeNumber(1, 3_600_000, { default: '30000', meaning: 'ms for one batch' }),
};
