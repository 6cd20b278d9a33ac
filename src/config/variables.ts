import { apiKeys, duration, oneOf, optional, proxies, share, text, url, wholeNumber } from './environment.ts';

/** Everything that can be configured in the service. docs/configuration.md is generated from here. */
export const variables = {
  NODE_ENV: oneOf(['development', 'test', 'production'], {
    default: 'development',
    meaning: 'with `production` the demo key is refused and profiling is off by default',
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
  REDIS_URL: optional(
    url(['redis:', 'rediss:'], {
      meaning:
        'a Redis that replicas share limits and a cache in; without it each has its own limits, and no cache',
      secret: true,
    }),
  ),
  TRUST_PROXY: optional(
    proxies({
      meaning:
        'the proxies in front, whose `x-forwarded-*` is believed: their addresses such as `10.0.0.0/8`, or how many where nobody can come around them; none when it is not set',
    }),
  ),
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
  EXEMPLAR_INTERVAL: duration({
    default: '30s',
    meaning:
      'how long a trace stays the exemplar of its bucket; tail sampling keeps every exemplar, so shorter means more traces',
  }),
  BODY_LIMIT_BYTES: wholeNumber(1024, 10_485_760, {
    default: '65536',
    meaning: 'largest request body; a larger one gets 413',
  }),
  RATE_LIMIT_MAX: wholeNumber(0, 1_000_000, {
    default: '1000',
    meaning: 'requests of a client in a window; then 429 until it ends. 0 is no limit',
  }),
  RATE_LIMIT_WINDOW: duration({ default: '10s', meaning: 'length of the window of both request limits' }),
  RATE_LIMIT_ADDRESS_MAX: wholeNumber(0, 1_000_000, {
    default: '300',
    meaning: 'requests without a valid API key from an address in a window; then 429. 0 is no limit',
  }),
  AUTH_FAILURE_MAX: wholeNumber(0, 1_000_000, {
    default: '20',
    meaning: 'wrong API keys from an address in a window; further ones get 429 instead of 401. 0 is no limit',
  }),
  AUTH_FAILURE_WINDOW: duration({ default: '1m', meaning: 'length of that window' }),
  REDIS_COMMAND_TIMEOUT: duration({
    default: '20ms',
    meaning: 'longest wait for Redis; then the request goes on without it',
  }),
  ORDER_CACHE_TTL: duration({
    default: '10m',
    meaning: 'how long Redis keeps a settled order, give or take a tenth',
  }),
  HTTP_HEADERS_TIMEOUT: duration({
    default: '10s',
    meaning: 'longest time until the headers of a request are there; a slower client gets 408',
  }),
  HTTP_REQUEST_TIMEOUT: duration({
    default: '30s',
    meaning: 'the same until its body is there; not shorter than HTTP_HEADERS_TIMEOUT',
  }),
  HTTP_KEEP_ALIVE_TIMEOUT: duration({
    default: '72s',
    meaning: 'a connection without a request is closed after it; longer than that of the load balancer',
  }),
  HTTP_SEND_TIMEOUT: duration({
    default: '1m',
    meaning: 'a client that takes nothing of its answer for this long is cut; longer than any request takes',
  }),
  HTTP_MAX_HEADER_BYTES: wholeNumber(1024, 1_048_576, {
    default: '16384',
    meaning: 'request line and headers at most; more gets 431',
  }),
  HTTP_MAX_HEADERS: wholeNumber(10, 10_000, { default: '100', meaning: 'headers at most; more get 431' }),
  HTTP_MAX_CONNECTIONS: wholeNumber(1, 1_000_000, {
    default: '2000',
    meaning: 'connections to the API at most; further ones are closed at once',
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
  ADMISSION: oneOf(['on', 'off'], {
    default: 'on',
    meaning: 'with `on`, requests beyond what can be answered in time get 429 at once',
  }),
  ADMISSION_LIMIT_MIN: wholeNumber(1, 10_000, {
    default: '20',
    meaning: 'requests that may be at work at the same time, at the least; the limit adapts',
  }),
  ADMISSION_LIMIT_MAX: wholeNumber(1, 10_000, { default: '500', meaning: 'the same at the most' }),
  ADMISSION_TARGET: duration({
    default: '30ms',
    meaning:
      'the limit shrinks while requests wait longer than this for a connection to Postgres or the gateway',
  }),
  ADMISSION_QUEUE: wholeNumber(0, 10_000, {
    default: '100',
    meaning: 'requests that may wait to be taken; fewer, where they would not have their turn in time',
  }),
  ADMISSION_QUEUE_TIMEOUT: duration({ default: '20ms', meaning: 'longest wait of those' }),
  ADMISSION_LOOP_DELAY: duration({
    default: '50ms',
    meaning: 'while the event loop is late by more than this, the limit shrinks and no request waits',
  }),
  SHUTDOWN_DRAIN_DELAY: duration({
    default: '0ms',
    meaning: 'time between failing /readyz and refusing connections; 5s behind a load balancer',
  }),
  SHUTDOWN_DEADLINE: duration({ default: '10s', meaning: 'a shutdown that takes longer is cut off' }),
} as const;
