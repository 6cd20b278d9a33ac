import { wholeNumber } from './environment.ts';
import { proxyVariables } from './http-variables.ts';
import { propagationVariables } from './propagation-variables.ts';
import { variables } from './variables.ts';

/** The variables that the telemetry reads itself; the OpenTelemetry specification defines their names and defaults. */
export const telemetryVariables = {
  NODE_ENV: variables.NODE_ENV,
  HTTPS_PROXY: variables.HTTPS_PROXY,
  NO_PROXY: variables.NO_PROXY,
  TELEMETRY_INSTRUMENTATION: variables.TELEMETRY_INSTRUMENTATION,
  ...proxyVariables,
  ...propagationVariables,
  OTEL_BSP_MAX_QUEUE_SIZE: wholeNumber(1, 1_000_000, {
    default: '2048',
    meaning: 'largest number of spans that wait for export',
  }),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: wholeNumber(1, 1_000_000, {
    default: '512',
    meaning: 'largest number of spans in one export',
  }),
  OTEL_BSP_SCHEDULE_DELAY: wholeNumber(0, 3_600_000, {
    default: '5000',
    meaning: 'milliseconds between two exports of spans',
  }),
  OTEL_BSP_EXPORT_TIMEOUT: wholeNumber(1, 3_600_000, {
    default: '30000',
    meaning: 'milliseconds that one export of spans may take',
  }),
  OTEL_BLRP_MAX_QUEUE_SIZE: wholeNumber(1, 1_000_000, {
    default: '2048',
    meaning: 'largest number of log records that wait for export',
  }),
  OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: wholeNumber(1, 1_000_000, {
    default: '512',
    meaning: 'largest number of log records in one export',
  }),
  OTEL_BLRP_SCHEDULE_DELAY: wholeNumber(0, 3_600_000, {
    default: '1000',
    meaning: 'milliseconds between two exports of log records',
  }),
  OTEL_BLRP_EXPORT_TIMEOUT: wholeNumber(1, 3_600_000, {
    default: '30000',
    meaning: 'milliseconds that one export of log records may take',
  }),
};
