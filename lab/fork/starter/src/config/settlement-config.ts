import { duration, mustNotBeZero, type Values, wholeNumber } from './environment.ts';

/** The variables of the worker. */
export const settlementVariables = {
  SETTLEMENT_POLL_INTERVAL: duration({
    default: '1s',
    meaning: 'time between two polls of an idle settlement worker',
  }),
  SETTLEMENT_CONCURRENCY: wholeNumber(1, 100, {
    default: '16',
    meaning: 'what a replica settles at the same time',
  }),
} as const;

export interface SettlementConfig {
  pollInterval: number;
  concurrency: number;
}

export function settlementConfig(value: Values<typeof settlementVariables>): SettlementConfig {
  return { pollInterval: value.SETTLEMENT_POLL_INTERVAL, concurrency: value.SETTLEMENT_CONCURRENCY };
}

/** A sentence for each value that is valid by itself but must not be used. */
export function settlementContradictions(value: Values<typeof settlementVariables>) {
  return mustNotBeZero(value, 'SETTLEMENT_POLL_INTERVAL');
}
