import { settlementVariables } from './settlement-config.ts';
import { upstreamVariables } from './upstream-config.ts';

/** The variables of the domain: how it calls its dependency, and how it settles what a call left open. */
export const domainVariables = { ...upstreamVariables, ...settlementVariables } as const;
