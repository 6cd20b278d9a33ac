import { type ApiKey, ConfigError, type Environment, read, Secret, type Values } from './environment.ts';
import { exploreVariables, telemetryVariables, variables } from './variables.ts';

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
  ].filter((fault) => fault !== false);
  if (contradictions.length > 0) throw new ConfigError(contradictions);
  return {
    environment: value.NODE_ENV,
    logLevel: value.LOG_LEVEL,
    instrumentation: value.TELEMETRY_INSTRUMENTATION,
    http: { host: value.HOST, port: value.PORT, bodyLimit: value.BODY_LIMIT_BYTES },
    admin: { host: value.ADMIN_HOST, port: value.ADMIN_PORT },
    profiling: value.PROFILING === 'auto' ? value.NODE_ENV !== 'production' : value.PROFILING === 'on',
    apiKeys: new Secret(value.API_KEYS),
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
    shutdown: { drainDelay: value.SHUTDOWN_DRAIN_DELAY, deadline: value.SHUTDOWN_DEADLINE },
  };
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
  const value = read(telemetryVariables, env);
  return {
    disabled: env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true',
    exportsTraces: env['OTEL_TRACES_EXPORTER'] !== 'none',
    environment: value.NODE_ENV,
    instrumentation: value.TELEMETRY_INSTRUMENTATION,
    batch: {
      maxQueueSize: value.OTEL_BSP_MAX_QUEUE_SIZE,
      maxExportBatchSize: Math.min(value.OTEL_BSP_MAX_EXPORT_BATCH_SIZE, value.OTEL_BSP_MAX_QUEUE_SIZE),
      scheduledDelayMillis: value.OTEL_BSP_SCHEDULE_DELAY,
      exportTimeoutMillis: value.OTEL_BSP_EXPORT_TIMEOUT,
    },
  };
}

/** All that `npm run simulator` needs. @throws {ConfigError} */
export function loadSimulatorConfig(env: Environment = process.env) {
  const value = read(
    { HOST: variables.HOST, SIMULATOR_PORT: exploreVariables.SIMULATOR_PORT, LOG_LEVEL: variables.LOG_LEVEL },
    env,
  );
  return { host: value.HOST, port: value.SIMULATOR_PORT, logLevel: value.LOG_LEVEL };
}

/**
 * What `npm start` decides by. `databaseUrl` and `gatewayUrl` are set where the user brings a real one;
 * `inherited` is the environment that child processes start from.
 *
 * @throws {ConfigError}
 */
export function loadExploreConfig(env: Environment = process.env) {
  const value = read({ ...exploreVariables, NODE_ENV: variables.NODE_ENV }, env);
  return {
    environment: value.NODE_ENV,
    dataDir: value.DATA_DIR,
    simulatorPort: value.SIMULATOR_PORT,
    databaseUrl: env['DATABASE_URL'],
    gatewayUrl: env['PAYMENT_GATEWAY_URL'],
    apiKeys: env['API_KEYS'],
    hasCollector: Object.keys(env).some((name) => /^OTEL_EXPORTER_OTLP_(\w+_)?ENDPOINT$/.test(name)),
    inherited: env,
  };
}
