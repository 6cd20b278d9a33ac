import { type BreakerConfig, breakerConfig } from './breaker-config.ts';
import type { domainVariables } from './domain-variables.ts';
import type { Values } from './environment.ts';
import { gatewayAccess, type GatewayAccess, gatewayContradictions } from './gateway-config.ts';
import type { outgoingProxyVariables } from './outgoing-proxy.ts';
import { type BackoffConfig, type SettlementConfig, settlementConfig } from './settlement-config.ts';

/** The configuration of the domain, as part of that of the service. */
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
  const mustNotBeZero = (name: keyof typeof domainVariables): [boolean, string] => [
    value[name] === 0,
    `${name} must not be 0`,
  ];
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
    mustNotBeZero('MAX_PENDING_CLIENT_SHARE'),
    mustNotBeZero('PAYMENT_CLIENT_SHARE'),
    mustNotBeZero('ORDER_CACHE_TTL'),
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
