import type { domainVariables } from './domain-variables.ts';
import type { Values } from './environment.ts';
import { outgoingProxy, type OutgoingProxy, type outgoingProxyVariables } from './outgoing-proxy.ts';

/** The configuration of the domain, as part of that of the service. */
export interface DomainConfig {
  upstream: UpstreamConfig;
}

export interface UpstreamConfig {
  url: string;
  /** `undefined` if it is reached without one. */
  proxy: OutgoingProxy | undefined;
  connections: number;
  attemptTimeout: number;
  /** One call with all its retries. */
  deadline: number;
  maxAttempts: number;
  retryShare: number;
  breaker: { errorShare: number; volume: number; window: number; openFor: number };
}

type DomainValues = Values<typeof domainVariables & typeof outgoingProxyVariables>;

/** Milliseconds over which a circuit breaker counts failures. */
const breakerWindow = 10_000;

export function domainConfig(value: DomainValues): DomainConfig {
  const isHttps = value.UPSTREAM_URL.startsWith('https:');
  return {
    upstream: {
      url: value.UPSTREAM_URL,
      proxy: isHttps ? outgoingProxy(value.HTTPS_PROXY, value.NO_PROXY) : undefined,
      connections: value.UPSTREAM_CONNECTIONS,
      attemptTimeout: value.UPSTREAM_ATTEMPT_TIMEOUT,
      deadline: value.UPSTREAM_DEADLINE,
      maxAttempts: value.UPSTREAM_MAX_ATTEMPTS,
      retryShare: value.UPSTREAM_RETRY_BUDGET,
      breaker: {
        errorShare: value.BREAKER_ERROR_SHARE,
        volume: value.BREAKER_VOLUME,
        window: breakerWindow,
        openFor: value.BREAKER_OPEN_FOR,
      },
    },
  };
}

/** A sentence for each value, or pair of values, of the domain that is valid by itself but must not be used. */
export function domainContradictions(value: DomainValues): Array<[applies: boolean, sentence: string]> {
  return [
    [
      value.UPSTREAM_ATTEMPT_TIMEOUT > value.UPSTREAM_DEADLINE,
      'UPSTREAM_ATTEMPT_TIMEOUT must not be longer than UPSTREAM_DEADLINE',
    ],
  ];
}
