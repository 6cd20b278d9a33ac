import { type ApiKey, ConfigError, type Environment, read, Secret, type Values } from './environment.ts';
import { variables } from './variables.ts';

/** The service's environment, read once, at start. Only `src/config/` reads `process.env`. */

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
