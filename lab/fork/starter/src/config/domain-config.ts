import type { domainVariables } from './domain-variables.ts';
import type { Values } from './environment.ts';
import type { outgoingProxyVariables } from './outgoing-proxy.ts';
import { type SettlementConfig, settlementConfig } from './settlement-config.ts';
import { type UpstreamConfig, upstreamConfig, upstreamContradictions } from './upstream-config.ts';

/** The configuration of the domain, as part of that of the service. */
export interface DomainConfig {
  upstream: UpstreamConfig;
  settlement: SettlementConfig;
}

type DomainValues = Values<typeof domainVariables & typeof outgoingProxyVariables>;

export function domainConfig(value: DomainValues): DomainConfig {
  return { upstream: upstreamConfig(value), settlement: settlementConfig(value) };
}

/** A sentence for each value, or pair of values, of the domain that is valid by itself but must not be used. */
export function domainContradictions(value: DomainValues): Array<[applies: boolean, sentence: string]> {
  return upstreamContradictions(value);
}
