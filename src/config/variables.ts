import { redisUrl } from './addresses.ts';
import { domainVariables } from './domain-config.ts';
import { apiKeys, duration, oneOf, optional, wholeNumber } from './environment.ts';
import { logFilter } from './log-filter.ts';
import { connectionVariables, listenerVariables, proxyVariables } from './http-variables.ts';
import { propagationVariables } from './propagation-variables.ts';
import { outgoingProxyVariables } from './outgoing-proxy.ts';
import { postgresVariables } from './postgres-variables.ts';

/** Every variable of the service, with what its documentation says. */
export const variables = {
  NODE_ENV: oneOf(['development', 'test', 'production'], {
    default: 'development',
    meaning:
      'with `production`, the service refuses the demo key and keys of fewer than 22 characters, and turns profiling off by default',
  }),
  ...listenerVariables,
  ...postgresVariables,
  ...domainVariables,
  ...outgoingProxyVariables,
  API_KEYS: apiKeys({
    meaning: 'clients and their keys: `client:key` pairs, comma-separated; `npm start` sets `demo:demo-key`',
    secret: true,
  }),
  REDIS_URL: optional(
    redisUrl({
      meaning:
        'URL of a Redis, not a Sentinel or a cluster, in which replicas share rate limits and a cache; without it, each replica counts by itself and caches nothing',
      secret: true,
    }),
  ),
  ...proxyVariables,
  LOG_LEVEL: logFilter({
    default: 'info',
    meaning:
      'least severe level that is logged, of all lines or of those of a component: `info,postgres=debug,http=warn`',
  }),
  PROFILING: oneOf(['auto', 'on', 'off'], {
    default: 'auto',
    meaning: 'profiles on the admin listener; `auto` is `off` with `NODE_ENV=production`, else `on`',
  }),
  TELEMETRY_INSTRUMENTATION: oneOf(['lean', 'auto'], {
    default: 'lean',
    meaning:
      'source of the spans: `lean` creates a few at the boundaries, `auto` uses the OpenTelemetry instrumentations',
  }),
  ...propagationVariables,
  METRICS_NAMES: oneOf(['prometheus', 'opentelemetry', 'both'], {
    default: 'prometheus',
    meaning:
      "names of the metrics: the service's own in the style of Prometheus, which the rules, alerts and dashboards of this repository read; those of the OpenTelemetry conventions in place of them; or `both`",
  }),
  EXEMPLAR_INTERVAL: duration({
    default: '30s',
    meaning: 'time for which a trace stays the exemplar of its bucket; tail sampling keeps every exemplar',
  }),
  RATE_LIMIT_MAX: wholeNumber(0, 1_000_000, {
    default: '1000',
    meaning: 'requests of one client per window; further ones get 429; 0 disables the limit',
  }),
  RATE_LIMIT_WINDOW: duration({
    default: '10s',
    meaning: 'length of the window of RATE_LIMIT_MAX and RATE_LIMIT_ADDRESS_MAX',
  }),
  RATE_LIMIT_ADDRESS_MAX: wholeNumber(0, 1_000_000, {
    default: '300',
    meaning: 'requests without a valid key from one address per window; further ones get 429; 0 disables it',
  }),
  AUTH_FAILURE_MAX: wholeNumber(0, 1_000_000, {
    default: '20',
    meaning: 'wrong keys from one address per window; further ones get 429, not 401; 0 disables the limit',
  }),
  AUTH_FAILURE_WINDOW: duration({ default: '1m', meaning: 'length of the window of AUTH_FAILURE_MAX' }),
  REDIS_COMMAND_TIMEOUT: duration({
    default: '20ms',
    meaning: 'longest wait for a Redis command; then the request goes on without Redis',
  }),
  ...connectionVariables,
  ADMISSION: oneOf(['on', 'off'], {
    default: 'on',
    meaning: 'admission control; with `on`, requests that cannot be answered in time get 429 at once',
  }),
  ADMISSION_LIMIT_MIN: wholeNumber(1, 10_000, {
    default: '20',
    meaning: 'lower bound of the adaptive limit on requests in flight',
  }),
  ADMISSION_LIMIT_MAX: wholeNumber(1, 10_000, {
    default: '500',
    meaning: 'upper bound of the adaptive limit on requests in flight',
  }),
  ADMISSION_TARGET: duration({
    default: '30ms',
    meaning: 'wait for a connection to Postgres or to a dependency above which the adaptive limit shrinks',
  }),
  ADMISSION_BUSY_LATENCY: duration({
    default: '60ms',
    meaning: 'mean time in flight above which the adaptive limit shrinks while the event loop is busy',
  }),
  ADMISSION_QUEUE: wholeNumber(0, 10_000, {
    default: '100',
    meaning: 'largest admission queue; it is shorter while a full one could not be served in time',
  }),
  ADMISSION_QUEUE_TIMEOUT: duration({ default: '20ms', meaning: 'longest time in the admission queue' }),
  ADMISSION_LOOP_DELAY: duration({
    default: '50ms',
    meaning: 'event loop delay above which the adaptive limit shrinks and no request is queued',
  }),
  SHUTDOWN_DRAIN_DELAY: duration({
    default: '0ms',
    meaning: 'time between failing `/readyz` and closing the listener; about 5s behind a load balancer',
  }),
  SHUTDOWN_DEADLINE: duration({
    default: '10s',
    meaning: 'longest duration of a shutdown; a longer one is cut off with exit code 1',
  }),
} as const;
