import type { Values } from './environment.ts';
import type { outgoingProxyVariables } from './outgoing-proxy.ts';
import {
  settlementContradictions,
  type SettlementConfig,
  settlementConfig,
  settlementVariables,
} from './settlement-config.ts';
import {
  type UpstreamConfig,
  upstreamConfig,
  upstreamContradictions,
  upstreamVariables,
} from './upstream-config.ts';

/** The variables of the domain: how it calls its dependency, and how it settles what a call left open. */
export const domainVariables = { ...upstreamVariables, ...settlementVariables } as const;

/** What they mean, as part of the configuration of the service. */
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
  return [...upstreamContradictions(value), ...settlementContradictions(value)];
}
