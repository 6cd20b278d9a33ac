import { type Environment, read } from './environment.ts';
import { telemetryVariables } from './telemetry-variables.ts';

export type TelemetryConfig = ReturnType<typeof loadTelemetryConfig>;

/**
 * What the preloaded SDK is built from. The names and defaults of the `OTEL_*` variables are the specification's, and
 * those that are not here are read by the SDK itself.
 *
 * @throws {ConfigError}
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function loadTelemetryConfig(env: Environment = process.env) {
  // To the specification an empty variable is one that is not set.
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => value !== '' || !name.startsWith('OTEL_')),
  );
  const value = read(telemetryVariables, given);
  const inDefaultForm = (signal: 'TRACES' | 'LOGS') => {
    const exporter = given[`OTEL_${signal}_EXPORTER`] ?? 'otlp';
    const protocol =
      given[`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`] ??
      given['OTEL_EXPORTER_OTLP_PROTOCOL'] ??
      'http/protobuf';
    return exporter === 'otlp' && protocol === 'http/protobuf';
  };
  return {
    disabled: given['OTEL_SDK_DISABLED']?.toLowerCase() === 'true',
    /** How much OpenTelemetry tells of itself; nothing said is `WARN`. */
    diagnostics: given['OTEL_LOG_LEVEL'],
    exportsTraces: given['OTEL_TRACES_EXPORTER'] !== 'none',
    /** By OTLP over HTTP in protobuf, which is the default; any other form is left to the SDK. */
    encodesSpans: inDefaultForm('TRACES'),
    /** In the same form. */
    exportsLogs: inDefaultForm('LOGS'),
    /** Whether any of the `OTEL_…_LIMIT` variables is set. */
    limitsSpans: Object.keys(given).some((name) => /^OTEL_.+_LIMIT$/.test(name)),
    environment: value.NODE_ENV,
    instrumentation: value.TELEMETRY_INSTRUMENTATION,
    batch: {
      maxQueueSize: value.OTEL_BSP_MAX_QUEUE_SIZE,
      maxExportBatchSize: Math.min(value.OTEL_BSP_MAX_EXPORT_BATCH_SIZE, value.OTEL_BSP_MAX_QUEUE_SIZE),
      scheduledDelayMillis: value.OTEL_BSP_SCHEDULE_DELAY,
      exportTimeoutMillis: value.OTEL_BSP_EXPORT_TIMEOUT,
    },
    logBatch: {
      maxQueueSize: value.OTEL_BLRP_MAX_QUEUE_SIZE,
      maxExportBatchSize: Math.min(value.OTEL_BLRP_MAX_EXPORT_BATCH_SIZE, value.OTEL_BLRP_MAX_QUEUE_SIZE),
      scheduledDelayMillis: value.OTEL_BLRP_SCHEDULE_DELAY,
      exportTimeoutMillis: value.OTEL_BLRP_EXPORT_TIMEOUT,
    },
  };
}
