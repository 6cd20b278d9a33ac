import {
  type BreakerConfig,
  breakerConfig,
  breakerContradictions,
  breakerVariables,
} from './breaker-config.ts';
import { duration, mustNotBeZero, share, type Values, wholeNumber } from './environment.ts';
import { gatewayAccess, type GatewayAccess, gatewayContradictions } from './gateway-config.ts';
import { gatewayVariables } from './gateway-variables.ts';
import type { outgoingProxyVariables } from './outgoing-proxy.ts';
import { type BackoffConfig, type SettlementConfig, settlementConfig } from './settlement-config.ts';
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
      'longest pause that the gateway can ask for with `Retry-After`; after it, one request asks whether it is over; `0s` for no pauses',
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

/** What they mean, as part of the configuration of the service. */
export interface DomainConfig {
  payment: PaymentConfig;
  settlement: SettlementConfig;
  /** How long Redis keeps a settled order. */
  orderTtl: number;
}

export interface PaymentConfig extends GatewayAccess {
  /** Keep-alive connections to the gateway. */
  connections: number;
  /** Share that one client may hold of the connections that the others leave, while several use the gateway. */
  clientShare: number;
  attemptTimeout: number;
  /** The same for a call that nobody waits for. */
  patientTimeout: number;
  /** The longest pause that the gateway can ask for. */
  longestPause: number;
  /** One charge with all its retries. */
  deadline: number;
  /** Attempts per charge, the first included. */
  maxAttempts: number;
  backoff: BackoffConfig;
  /** Retries per charge as a share, and how many a quiet service saves up. */
  retryBudget: { share: number; reserve: number };
  breaker: BreakerConfig;
}

type DomainValues = Values<typeof domainVariables & typeof outgoingProxyVariables>;

export function domainConfig(value: DomainValues): DomainConfig {
  return {
    payment: paymentConfig(value),
    settlement: settlementConfig(value),
    orderTtl: value.ORDER_CACHE_TTL,
  };
}

/** A sentence for each value, or pair of values, of the domain that is valid by itself but must not be used. */
export function domainContradictions(value: DomainValues): Array<[applies: boolean, sentence: string]> {
  return [
    ...gatewayContradictions(value),
    [
      value.PAYMENT_BACKOFF_FLOOR > value.PAYMENT_BACKOFF_CAP,
      'PAYMENT_BACKOFF_FLOOR must not be longer than PAYMENT_BACKOFF_CAP',
    ],
    [
      value.SETTLEMENT_BACKOFF_FLOOR > value.SETTLEMENT_BACKOFF_CAP,
      'SETTLEMENT_BACKOFF_FLOOR must not be longer than SETTLEMENT_BACKOFF_CAP',
    ],
    [
      value.SETTLEMENT_BACKOFF_BASE === 0 && value.SETTLEMENT_BACKOFF_FLOOR === 0,
      'SETTLEMENT_BACKOFF_BASE and SETTLEMENT_BACKOFF_FLOOR must not both be 0',
    ],
    ...mustNotBeZero(
      value,
      'MAX_PENDING_CLIENT_SHARE',
      'PAYMENT_CLIENT_SHARE',
      'ORDER_CACHE_TTL',
      'PAYMENT_ATTEMPT_TIMEOUT',
      'PAYMENT_DEADLINE',
      'SETTLEMENT_POLL_INTERVAL',
      'SETTLEMENT_BACKOFF_CAP',
    ),
    ...breakerContradictions(value),
  ];
}

function paymentConfig(value: DomainValues): PaymentConfig {
  return {
    ...gatewayAccess(value),
    connections: value.PAYMENT_CONNECTIONS,
    clientShare: value.PAYMENT_CLIENT_SHARE,
    attemptTimeout: value.PAYMENT_ATTEMPT_TIMEOUT,
    patientTimeout: Math.max(value.SETTLEMENT_ATTEMPT_TIMEOUT, value.PAYMENT_ATTEMPT_TIMEOUT),
    longestPause: value.PAYMENT_PAUSE_MAX,
    deadline: value.PAYMENT_DEADLINE,
    maxAttempts: value.PAYMENT_MAX_ATTEMPTS,
    backoff: {
      base: value.PAYMENT_BACKOFF_BASE,
      floor: value.PAYMENT_BACKOFF_FLOOR,
      cap: value.PAYMENT_BACKOFF_CAP,
    },
    retryBudget: { share: value.PAYMENT_RETRY_BUDGET, reserve: value.PAYMENT_RETRY_RESERVE },
    breaker: breakerConfig(value),
  };
}
