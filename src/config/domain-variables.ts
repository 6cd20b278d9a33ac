import { breakerVariables } from './breaker-config.ts';
import { duration, share, wholeNumber } from './environment.ts';
import { gatewayVariables } from './gateway-variables.ts';
import { settlementVariables } from './settlement-variables.ts';

/** The variables of the domain: how it calls its dependency, and how it settles what a call left open. */
export const domainVariables = {
  ...gatewayVariables,
  PAYMENT_ATTEMPT_TIMEOUT: duration({
    default: '1s',
    meaning: 'timeout of one attempt at the gateway; after it, the outcome of the attempt is unknown',
  }),
  PAYMENT_DEADLINE: duration({
    default: '3s',
    meaning:
      'deadline of a charge with all its retries; after it, the order stays pending and the client gets 202',
  }),
  PAYMENT_MAX_ATTEMPTS: wholeNumber(1, 20, {
    default: '5',
    meaning: 'attempts per charge, including the first',
  }),
  PAYMENT_BACKOFF_BASE: duration({
    default: '10ms',
    meaning: 'upper bound of the first backoff of a charge; it doubles with every retry',
  }),
  PAYMENT_BACKOFF_FLOOR: duration({
    default: '5ms',
    meaning: 'shortest backoff of a charge, because full jitter can draw almost 0',
  }),
  PAYMENT_BACKOFF_CAP: duration({ default: '1s', meaning: 'longest backoff of a charge' }),
  PAYMENT_RETRY_BUDGET: share({
    default: '0.2',
    meaning:
      'retries that every charge adds to the retry budget, shared by all requests, so that retries do not multiply an outage',
  }),
  PAYMENT_RETRY_RESERVE: wholeNumber(0, 10_000, {
    default: '20',
    meaning: 'retries that the retry budget holds at the start, and the most that it can hold',
  }),
  PAYMENT_PAUSE_MAX: duration({
    default: '5m',
    meaning:
      'longest pause that the gateway can ask for with `Retry-After`; after it, one request asks whether it is over',
  }),
  PAYMENT_CONNECTIONS: wholeNumber(1, 1000, {
    default: '64',
    meaning: 'keep-alive connections to the gateway',
  }),
  PAYMENT_CLIENT_SHARE: share({
    default: '0.75',
    meaning:
      'share that one client may hold of the connections to the gateway that the others leave, while several clients use it; its further orders get 202 and are charged later; 1 lets one client take them all',
  }),
  ...breakerVariables,
  ...settlementVariables,
  ORDER_CACHE_TTL: duration({
    default: '10m',
    meaning: 'time for which Redis keeps a settled order, with a jitter of a tenth',
  }),
} as const;
