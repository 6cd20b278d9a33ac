import { baseUrl } from './addresses.ts';
import {
  type BreakerConfig,
  breakerConfig,
  breakerContradictions,
  breakerVariables,
} from './breaker-config.ts';
import { duration, mustNotBeZero, share, type Values, wholeNumber } from './environment.ts';
import {
  type OutgoingProxy,
  type outgoingProxyVariables,
  proxyContradiction,
  proxyTo,
} from './outgoing-proxy.ts';

/** The variables of the dependency. */
export const upstreamVariables = {
  UPSTREAM_URL: baseUrl({
    meaning: 'URL of the dependency; `npm start` brings a simulator when it is not set',
    // A wrong one may hold credentials.
    secret: true,
  }),
  UPSTREAM_CONNECTIONS: wholeNumber(1, 1000, {
    default: '64',
    meaning: 'keep-alive connections to the dependency',
  }),
  UPSTREAM_ATTEMPT_TIMEOUT: duration({
    default: '1s',
    meaning: 'timeout of one attempt; after it, the outcome of the attempt is unknown',
  }),
  UPSTREAM_DEADLINE: duration({
    default: '3s',
    meaning: 'deadline of a call with all its retries; after it, the client gets 202',
  }),
  UPSTREAM_MAX_ATTEMPTS: wholeNumber(1, 20, {
    default: '4',
    meaning: 'attempts per call, including the first',
  }),
  UPSTREAM_RETRY_BUDGET: share({
    default: '0.2',
    meaning: 'retries that every call adds to the retry budget, so that retries do not multiply an outage',
  }),
  ...breakerVariables,
} as const;

export interface UpstreamConfig {
  baseUrl: string;
  /** `undefined` if it is reached without one. */
  proxy: OutgoingProxy | undefined;
  connections: number;
  attemptTimeout: number;
  /** One call with all its retries. */
  deadline: number;
  maxAttempts: number;
  retryShare: number;
  breaker: BreakerConfig;
}

type UpstreamValues = Values<typeof upstreamVariables & typeof outgoingProxyVariables>;

export function upstreamConfig(value: UpstreamValues): UpstreamConfig {
  return {
    baseUrl: value.UPSTREAM_URL,
    proxy: proxyTo(value.UPSTREAM_URL, value),
    connections: value.UPSTREAM_CONNECTIONS,
    attemptTimeout: value.UPSTREAM_ATTEMPT_TIMEOUT,
    deadline: value.UPSTREAM_DEADLINE,
    maxAttempts: value.UPSTREAM_MAX_ATTEMPTS,
    retryShare: value.UPSTREAM_RETRY_BUDGET,
    breaker: breakerConfig(value),
  };
}

/** A sentence for each value, or pair of values, that is valid by itself but must not be used. */
export function upstreamContradictions(value: UpstreamValues): Array<[applies: boolean, sentence: string]> {
  return [
    proxyContradiction(value.UPSTREAM_URL, value),
    [
      value.UPSTREAM_ATTEMPT_TIMEOUT > value.UPSTREAM_DEADLINE,
      'UPSTREAM_ATTEMPT_TIMEOUT must not be longer than UPSTREAM_DEADLINE',
    ],
    ...mustNotBeZero(value, 'UPSTREAM_ATTEMPT_TIMEOUT', 'UPSTREAM_DEADLINE'),
    ...breakerContradictions(value),
  ];
}
