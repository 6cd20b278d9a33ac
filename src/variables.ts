import { apiKeys, duration, oneOf, share, text, url, wholeNumber } from './environment.ts';

/** Everything that can be configured. The table in README.md is generated from here. */
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
};
