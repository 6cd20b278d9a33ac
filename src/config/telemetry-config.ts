import { type Environment, read } from './environment.ts';
import { type CallerConfig, callerConfig } from './http-config.ts';
import { outgoingProxy, type OutgoingProxy, withProxyNames } from './outgoing-proxy.ts';
import { decidesAlone, type PropagatorName, propagatorsIn, variablesInForce } from './sdk-variables.ts';
import { telemetryVariables } from './telemetry-variables.ts';

/** What the preloaded SDK is built from. Every time is in milliseconds. */
export interface TelemetryConfig {
  disabled: boolean;
  /** The level of OpenTelemetry's own messages, as it stands in OTEL_LOG_LEVEL; unset means `WARN`. */
  diagnostics: string | undefined;
  exportsTraces: boolean;
  /** The form in which spans leave as OTLP. `undefined`: they leave in another way, which the SDK handles. */
  spanForm: OtlpProtocol | undefined;
  /** The same for log records. */
  logForm: OtlpProtocol | undefined;
  /** Whether any `OTEL_…_LIMIT` variable is set. */
  limitsSpans: boolean;
  propagation: PropagationConfig;
  environment: 'development' | 'test' | 'production';
  instrumentation: 'lean' | 'auto';
  /** Whether something is asked for that the SDK alone can set up: an exporter, a sampler, a detector, a limit, its diagnostics. */
  needsWholeSdk: boolean;
  /** For exports as OTLP over HTTP; gRPC has variables of its own. */
  proxy: OutgoingProxy | undefined;
  batch: BatchConfig;
  logBatch: BatchConfig;
}

/** How a trace enters and leaves the service. */
export interface PropagationConfig {
  /** Its formats. */
  formats: PropagatorName[];
  callers: CallerConfig;
  /** Whether the sampler ignores the decision of a caller. */
  decidesAlone: boolean;
  /** Names of hosts of the same system; `*.example.org` stands for every name below it. */
  internalHosts: string[];
  /** Keys of baggage and tracestate that other hosts get, too. */
  sharedKeys: string[];
}

/** Options of a batch processor, under the names that the SDK gives them. */
interface BatchConfig {
  /** Spans or log records that may wait; more are dropped. */
  maxQueueSize: number;
  /** Never larger than the queue. */
  maxExportBatchSize: number;
  scheduledDelayMillis: number;
  exportTimeoutMillis: number;
}

/**
 * Reads the configuration of telemetry. Names and defaults of the `OTEL_*` variables are the specification's; the SDK
 * itself reads those that are missing here.
 *
 * @throws {ConfigError} when a variable is malformed; lists every fault
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function loadTelemetryConfig(env: Environment = process.env): TelemetryConfig {
  const given = variablesInForce(env);
  const value = read(telemetryVariables, withProxyNames(given));
  const exportsTraces = given['OTEL_TRACES_EXPORTER'] !== 'none';
  const spanForm = formOf('TRACES', given);
  const logForm = formOf('LOGS', given);
  return {
    disabled: given['OTEL_SDK_DISABLED']?.toLowerCase() === 'true',
    diagnostics: given['OTEL_LOG_LEVEL'],
    exportsTraces,
    spanForm,
    logForm,
    limitsSpans: Object.keys(given).some((name) => /^OTEL_.+_LIMIT$/.test(name)),
    propagation: {
      formats: propagatorsIn(given),
      callers: callerConfig(value),
      decidesAlone: decidesAlone(given),
      internalHosts: value.PROPAGATION_INTERNAL_HOSTS ?? [],
      sharedKeys: value.PROPAGATION_SHARED_KEYS ?? [],
    },
    environment: value.NODE_ENV,
    instrumentation: value.TELEMETRY_INSTRUMENTATION,
    needsWholeSdk:
      value.TELEMETRY_INSTRUMENTATION === 'auto' ||
      (exportsTraces && spanForm === undefined) ||
      (given['OTEL_LOGS_EXPORTER'] !== 'none' && logForm === undefined) ||
      Object.keys(given).some((name) => setUpBySdk.test(name)),
    proxy: outgoingProxy(value.HTTPS_PROXY, value.NO_PROXY),
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

const setUpBySdk = /^OTEL_(LOG_LEVEL|TRACES_SAMPLER|NODE_RESOURCE_DETECTORS|.+_LIMIT)$/;

/** Over HTTP, or protobuf over gRPC. */
type OtlpProtocol = 'protobuf' | 'json' | 'grpc';

const forms: Readonly<Record<string, OtlpProtocol>> = {
  'http/protobuf': 'protobuf',
  'http/json': 'json',
  grpc: 'grpc',
};

function formOf(signal: 'TRACES' | 'LOGS', env: Environment): OtlpProtocol | undefined {
  const exporter = env[`OTEL_${signal}_EXPORTER`] ?? 'otlp';
  const protocol =
    env[`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? 'http/protobuf';
  return exporter === 'otlp' ? forms[protocol] : undefined;
}
