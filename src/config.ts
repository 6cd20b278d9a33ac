import {
  type ApiKey,
  apiKeys,
  ConfigError,
  duration,
  type Environment,
  oneOf,
  read,
  Secret,
  share,
  text,
  url,
  type Values,
  wholeNumber,
} from './environment.ts';

/**
 * Everything that can be configured, read from the environment once, at start.
 * This is the only file that reads `process.env`; the table in README.md is generated from `variables`.
 */

export const variables = {
  NODE_ENV: oneOf(['development', 'test', 'production'], {
    default: 'development',
    meaning: 'with `production` nothing embedded starts and the demo key is refused',
  }),
  HOST: text({ default: '127.0.0.1', meaning: 'address the API listens on' }),
  PORT: wholeNumber(0, 65_535, { default: '7070', meaning: 'port of the API; 0 takes any free one' }),
  ADMIN_HOST: text({
    default: '127.0.0.1',
    meaning: 'address of the admin listener (health, metrics, status)',
  }),
  ADMIN_PORT: wholeNumber(0, 65_535, { default: '7071', meaning: 'port of the admin listener' }),
  DATABASE_URL: url(['postgres:', 'postgresql:'], {
    meaning: 'the Postgres database; `npm start` brings its own when it is not set',
    secret: true,
  }),
  PAYMENT_GATEWAY_URL: url(['http:', 'https:'], {
    meaning: 'base URL of the payment gateway; `npm start` brings a simulator when it is not set',
    // May hold credentials.
    secret: true,
  }),
  API_KEYS: apiKeys({
    meaning: 'who may call: `client:key` pairs, comma-separated; `npm start` knows `demo:demo-key`',
    secret: true,
  }),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    default: 'info',
    meaning: 'least severe level that is logged',
  }),
  PROFILING: oneOf(['auto', 'on', 'off'], {
    default: 'auto',
    meaning: 'profiles on the admin listener; `auto` is on, and off with `NODE_ENV=production`',
  }),
  TELEMETRY_INSTRUMENTATION: oneOf(['lean', 'auto'], {
    default: 'lean',
    meaning:
      '`lean` makes a few spans at the boundaries itself, `auto` has the OpenTelemetry instrumentations make them',
  }),
  BODY_LIMIT_BYTES: wholeNumber(1024, 10_485_760, {
    default: '65536',
    meaning: 'largest request body; a larger one gets 413',
  }),
  DATABASE_POOL_MAX: wholeNumber(1, 1000, { default: '10', meaning: 'connections to Postgres at most' }),
  DATABASE_CONNECT_TIMEOUT: duration({
    default: '1s',
    meaning: 'longest wait for a connection, be it a new one or one from the pool',
  }),
  DATABASE_STATEMENT_TIMEOUT: duration({
    default: '2s',
    meaning: 'Postgres cancels a statement that runs longer',
  }),
  DATABASE_DEADLINE: duration({
    default: '3s',
    meaning: 'one statement with all its retries; then 503',
  }),
  PAYMENT_ATTEMPT_TIMEOUT: duration({
    default: '1s',
    meaning: 'one attempt at the gateway; after it the outcome of that attempt is unknown',
  }),
  PAYMENT_DEADLINE: duration({
    default: '3s',
    meaning: 'one charge with all its retries; then the order stays pending and the client gets 202',
  }),
  PAYMENT_MAX_ATTEMPTS: wholeNumber(1, 20, {
    default: '5',
    meaning: 'attempts per charge, the first included',
  }),
  PAYMENT_BACKOFF_BASE: duration({
    default: '10ms',
    meaning: 'bound of the first backoff; it doubles per retry',
  }),
  PAYMENT_BACKOFF_FLOOR: duration({
    default: '5ms',
    meaning: 'shortest backoff, because full jitter may draw nearly 0',
  }),
  PAYMENT_BACKOFF_CAP: duration({ default: '1s', meaning: 'longest backoff' }),
  PAYMENT_RETRY_BUDGET: share({
    default: '0.2',
    meaning: 'retries allowed per charge, over all requests; stops retries from multiplying an outage',
  }),
  PAYMENT_RETRY_RESERVE: wholeNumber(0, 10_000, {
    default: '20',
    meaning: 'retries that a quiet service may make before the budget counts; also the most it saves up',
  }),
  PAYMENT_CONNECTIONS: wholeNumber(1, 1000, {
    default: '64',
    meaning: 'keep-alive connections to the gateway',
  }),
  BREAKER_ERROR_SHARE: share({
    default: '0.5',
    meaning: 'the circuit opens when more than this share of the attempts in the window failed',
  }),
  BREAKER_VOLUME: wholeNumber(1, 100_000, {
    default: '20',
    meaning: 'attempts in the window before the share means anything',
  }),
  BREAKER_WINDOW: duration({ default: '10s', meaning: 'rolling window of the error share' }),
  BREAKER_OPEN_FOR: duration({
    default: '5s',
    meaning: 'time from open to half-open, when one probe is let through',
  }),
  SETTLEMENT_DEADLINE: duration({
    default: '24h',
    meaning: 'an order that is pending for longer is cancelled, at the gateway first',
  }),
  SETTLEMENT_POLL_INTERVAL: duration({
    default: '1s',
    meaning: 'time between two looks for pending orders while there are none',
  }),
  SETTLEMENT_CONCURRENCY: wholeNumber(1, 100, {
    default: '4',
    meaning: 'pending orders that a replica settles at the same time',
  }),
  SETTLEMENT_BATCH_SIZE: wholeNumber(1, 1000, {
    default: '16',
    meaning: 'pending orders that a replica takes at once',
  }),
  SETTLEMENT_BACKOFF_BASE: duration({
    default: '1s',
    meaning: 'bound of the wait before an order is settled again; it doubles per round',
  }),
  SETTLEMENT_BACKOFF_FLOOR: duration({ default: '250ms', meaning: 'shortest wait between two rounds' }),
  SETTLEMENT_BACKOFF_CAP: duration({ default: '1m', meaning: 'longest wait between two rounds' }),
  MAX_PENDING_ORDERS: wholeNumber(1, 10_000_000, {
    default: '10000',
    meaning: 'with more orders pending than this, new ones get 503 instead of adding to them',
  }),
  SHUTDOWN_DRAIN_DELAY: duration({
    default: '0ms',
    meaning: 'time between failing /readyz and refusing connections; 5s behind a load balancer',
  }),
  SHUTDOWN_DEADLINE: duration({ default: '10s', meaning: 'a shutdown that takes longer is cut off' }),
} as const;

/** What only `npm start`, `npm run dev` and the simulator read. */
export const exploreVariables = {
  DATA_DIR: text({ default: '.data', meaning: 'where the embedded Postgres keeps its data' }),
  SIMULATOR_PORT: wholeNumber(0, 65_535, {
    default: '7072',
    meaning: 'port of the payment gateway simulator',
  }),
} as const;

/** One row of the table in README.md, for each variable in the order above. */
export const documentedVariables: ReadonlyArray<{
  name: string;
  default: string | undefined;
  meaning: string;
}> = Object.entries({ ...variables, ...exploreVariables }).map(([name, variable]) => ({
  name,
  default: 'default' in variable ? variable.default : undefined,
  meaning: variable.meaning,
}));

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

const telemetryVariables = {
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
};

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
    inherited: env,
  };
}
