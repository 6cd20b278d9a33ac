import { readCollector } from './console/intake/collector.ts';
import { type ApiKey, ConfigError, type Environment, read, Secret, type Values } from './environment.ts';
import { consoleVariables, exploreVariables, trafficVariables } from './explore-variables.ts';
import { telemetryVariables } from './telemetry-variables.ts';
import { variables } from './variables.ts';

/** The environment, read once, at start. This is the only file that reads `process.env`. */

/** The key that `npm start` prints. Anyone can read it, so production refuses it. */
export const demoApiKey: ApiKey = { client: 'demo', key: 'demo-key' };

export type Config = ReturnType<typeof loadConfig>;

/**
 * The service's configuration.
 *
 * @throws {ConfigError} when a variable is missing or malformed; all faults at once
 */
export function loadConfig(env: Environment = process.env) {
  const value = read(variables, env);
  const contradictions = [
    value.NODE_ENV === 'production' &&
      value.API_KEYS.some(({ key }) => key === demoApiKey.key) &&
      'API_KEYS holds the public demo key, which production refuses',
    value.PAYMENT_BACKOFF_FLOOR > value.PAYMENT_BACKOFF_CAP &&
      'PAYMENT_BACKOFF_FLOOR must not be longer than PAYMENT_BACKOFF_CAP',
    value.SETTLEMENT_BACKOFF_FLOOR > value.SETTLEMENT_BACKOFF_CAP &&
      'SETTLEMENT_BACKOFF_FLOOR must not be longer than SETTLEMENT_BACKOFF_CAP',
    value.ADMISSION_LIMIT_MIN > value.ADMISSION_LIMIT_MAX &&
      'ADMISSION_LIMIT_MIN must not be more than ADMISSION_LIMIT_MAX',
    // Clients are told about windows in whole seconds.
    value.RATE_LIMIT_WINDOW < 1000 && 'RATE_LIMIT_WINDOW must be at least 1s',
    value.AUTH_FAILURE_WINDOW < 1000 && 'AUTH_FAILURE_WINDOW must be at least 1s',
    value.REDIS_COMMAND_TIMEOUT === 0 && 'REDIS_COMMAND_TIMEOUT must not be 0',
    value.ORDER_CACHE_TTL === 0 && 'ORDER_CACHE_TTL must not be 0',
    value.HTTP_HEADERS_TIMEOUT > value.HTTP_REQUEST_TIMEOUT &&
      'HTTP_HEADERS_TIMEOUT must not be longer than HTTP_REQUEST_TIMEOUT',
    // To Node these would mean for ever.
    value.HTTP_HEADERS_TIMEOUT === 0 && 'HTTP_HEADERS_TIMEOUT must not be 0',
    value.HTTP_KEEP_ALIVE_TIMEOUT === 0 && 'HTTP_KEEP_ALIVE_TIMEOUT must not be 0',
    value.HTTP_SEND_TIMEOUT === 0 && 'HTTP_SEND_TIMEOUT must not be 0',
  ].filter((fault) => fault !== false);
  if (contradictions.length > 0) throw new ConfigError(contradictions);
  return {
    environment: value.NODE_ENV,
    logLevel: value.LOG_LEVEL,
    instrumentation: value.TELEMETRY_INSTRUMENTATION,
    exemplarInterval: value.EXEMPLAR_INTERVAL,
    http: {
      host: value.HOST,
      port: value.PORT,
      bodyLimit: value.BODY_LIMIT_BYTES,
      trustProxy: trustOf(value.TRUST_PROXY),
      connections: {
        headersTimeout: value.HTTP_HEADERS_TIMEOUT,
        requestTimeout: value.HTTP_REQUEST_TIMEOUT,
        keepAliveTimeout: value.HTTP_KEEP_ALIVE_TIMEOUT,
        sendTimeout: value.HTTP_SEND_TIMEOUT,
        maxHeaderBytes: value.HTTP_MAX_HEADER_BYTES,
        maxHeaders: value.HTTP_MAX_HEADERS,
        maxConnections: value.HTTP_MAX_CONNECTIONS,
      },
    },
    admin: { host: value.ADMIN_HOST, port: value.ADMIN_PORT },
    profiling: value.PROFILING === 'auto' ? value.NODE_ENV !== 'production' : value.PROFILING === 'on',
    apiKeys: new Secret(value.API_KEYS),
    limits: {
      requests: { max: value.RATE_LIMIT_MAX, window: value.RATE_LIMIT_WINDOW },
      addresses: { max: value.RATE_LIMIT_ADDRESS_MAX, window: value.RATE_LIMIT_WINDOW },
      failures: { max: value.AUTH_FAILURE_MAX, window: value.AUTH_FAILURE_WINDOW },
    },
    redis:
      value.REDIS_URL === undefined
        ? undefined
        : {
            url: new Secret(value.REDIS_URL),
            commandTimeout: value.REDIS_COMMAND_TIMEOUT,
            orderTtl: value.ORDER_CACHE_TTL,
          },
    postgres: postgresConfig(value),
    payment: {
      gatewayUrl: value.PAYMENT_GATEWAY_URL,
      connections: value.PAYMENT_CONNECTIONS,
      attemptTimeout: value.PAYMENT_ATTEMPT_TIMEOUT,
      deadline: value.PAYMENT_DEADLINE,
      maxAttempts: value.PAYMENT_MAX_ATTEMPTS,
      backoff: {
        base: value.PAYMENT_BACKOFF_BASE,
        floor: value.PAYMENT_BACKOFF_FLOOR,
        cap: value.PAYMENT_BACKOFF_CAP,
      },
      retryBudget: { share: value.PAYMENT_RETRY_BUDGET, reserve: value.PAYMENT_RETRY_RESERVE },
      breaker: {
        errorShare: value.BREAKER_ERROR_SHARE,
        volume: value.BREAKER_VOLUME,
        window: value.BREAKER_WINDOW,
        openFor: value.BREAKER_OPEN_FOR,
      },
    },
    settlement: {
      deadline: value.SETTLEMENT_DEADLINE,
      pollInterval: value.SETTLEMENT_POLL_INTERVAL,
      concurrency: value.SETTLEMENT_CONCURRENCY,
      batchSize: value.SETTLEMENT_BATCH_SIZE,
      backoff: {
        base: value.SETTLEMENT_BACKOFF_BASE,
        floor: value.SETTLEMENT_BACKOFF_FLOOR,
        cap: value.SETTLEMENT_BACKOFF_CAP,
      },
      maxPending: value.MAX_PENDING_ORDERS,
    },
    admission:
      value.ADMISSION === 'off'
        ? undefined
        : {
            floor: value.ADMISSION_LIMIT_MIN,
            ceiling: value.ADMISSION_LIMIT_MAX,
            target: value.ADMISSION_TARGET,
            queue: value.ADMISSION_QUEUE,
            queueTimeout: value.ADMISSION_QUEUE_TIMEOUT,
            loopDelay: value.ADMISSION_LOOP_DELAY,
          },
    shutdown: { drainDelay: value.SHUTDOWN_DRAIN_DELAY, deadline: value.SHUTDOWN_DEADLINE },
  };
}

/** As Fastify takes it, which knows no number: a proxy is trusted for where it stands, whatever its address. */
function trustOf(trusted: number | string[] | undefined) {
  return typeof trusted === 'number' ? (_address: string, hop: number) => hop < trusted : (trusted ?? false);
}

const postgresVariables = {
  DATABASE_URL: variables.DATABASE_URL,
  DATABASE_POOL_MAX: variables.DATABASE_POOL_MAX,
  DATABASE_CONNECT_TIMEOUT: variables.DATABASE_CONNECT_TIMEOUT,
  DATABASE_STATEMENT_TIMEOUT: variables.DATABASE_STATEMENT_TIMEOUT,
  DATABASE_DEADLINE: variables.DATABASE_DEADLINE,
};

function postgresConfig(value: Values<typeof postgresVariables>) {
  return {
    url: new Secret(value.DATABASE_URL),
    poolMax: value.DATABASE_POOL_MAX,
    connectTimeout: value.DATABASE_CONNECT_TIMEOUT,
    statementTimeout: value.DATABASE_STATEMENT_TIMEOUT,
    deadline: value.DATABASE_DEADLINE,
  };
}

/** All that `npm run migrate` needs. @throws {ConfigError} */
export function loadMigrationConfig(env: Environment = process.env) {
  return postgresConfig(read(postgresVariables, env));
}

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

/** All that `npm run simulator` needs. @throws {ConfigError} */
export function loadSimulatorConfig(env: Environment = process.env) {
  const value = read(
    {
      HOST: variables.HOST,
      SIMULATOR_PORT: exploreVariables.SIMULATOR_PORT,
      SIMULATOR_LEDGER_MAX: exploreVariables.SIMULATOR_LEDGER_MAX,
      LOG_LEVEL: variables.LOG_LEVEL,
    },
    env,
  );
  return {
    host: value.HOST,
    port: value.SIMULATOR_PORT,
    ledgerCapacity: value.SIMULATOR_LEDGER_MAX,
    logLevel: value.LOG_LEVEL,
    hasCollector: namesCollector(env),
  };
}

/** All that `npm run traffic` needs. @throws {ConfigError} */
export function loadTrafficConfig(env: Environment = process.env) {
  const value = read({ HOST: variables.HOST, ...trafficVariables }, env);
  return {
    urls: value.TRAFFIC_URLS,
    rate: value.TRAFFIC_RATE,
    apiKey: value.TRAFFIC_API_KEY,
    seed: value.TRAFFIC_SEED,
    greeting: value.TRAFFIC_GREETING,
    host: value.HOST,
    port: value.TRAFFIC_PORT,
  };
}

/** All that `npm run console` needs. @throws {ConfigError} */
export function loadConsoleConfig(env: Environment = process.env) {
  const value = read({ NODE_ENV: variables.NODE_ENV, ...consoleVariables }, env);
  return {
    environment: value.NODE_ENV,
    port: value.CONSOLE_PORT,
    memory: value.CONSOLE_MEMORY * 1_048_576,
    collector: readCollector(env, value.CONSOLE_PORT),
    targets: {
      apiUrl: value.CONSOLE_API_URL,
      apiKey: value.CONSOLE_API_KEY,
      metricsUrl: value.CONSOLE_METRICS_URL,
      gatewayUrl: value.CONSOLE_GATEWAY_URL,
    },
  };
}

/** Whether somebody is said to listen: the standard address is most likely nobody's. */
function namesCollector(env: Environment): boolean {
  return Object.keys(env).some((name) => /^OTEL_EXPORTER_OTLP_(\w+_)?ENDPOINT$/.test(name));
}

/**
 * What `npm start` decides by. `databaseUrl` and `gatewayUrl` are set where the user brings a real one;
 * `inherited` is the environment that child processes start from.
 *
 * @throws {ConfigError}
 */
export function loadExploreConfig(env: Environment = process.env) {
  const value = read(
    { ...exploreVariables, NODE_ENV: variables.NODE_ENV, CONSOLE: consoleVariables.CONSOLE },
    env,
  );
  return {
    environment: value.NODE_ENV,
    dataDir: value.DATA_DIR,
    simulatorPort: value.SIMULATOR_PORT,
    console: value.CONSOLE === 'on',
    databaseUrl: env['DATABASE_URL'],
    gatewayUrl: env['PAYMENT_GATEWAY_URL'],
    apiKeys: env['API_KEYS'],
    hasCollector: namesCollector(env),
    inherited: env,
  };
}
