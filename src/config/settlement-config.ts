import type { Values } from './environment.ts';
import type { settlementVariables } from './settlement-variables.ts';

export interface SettlementConfig {
  /** Age at which a pending order is cancelled, at the gateway first. */
  deadline: number;
  pollInterval: number;
  /** Orders that a replica settles at the same time. */
  concurrency: number;
  /** Orders that a replica leases at once. */
  batchSize: number;
  backoff: BackoffConfig;
  /** Rounds in which the gateway may refuse a charge before its order is settled as refused. */
  maxRefusals: number;
  /** Pending orders at which new ones are refused. */
  maxPending: number;
  /** Share that one client may take of the room that the others leave. */
  clientShare: number;
}

export interface BackoffConfig {
  /** Upper bound of the first wait; it doubles per retry. */
  base: number;
  floor: number;
  cap: number;
}

export function settlementConfig(value: Values<typeof settlementVariables>): SettlementConfig {
  return {
    deadline: value.SETTLEMENT_DEADLINE,
    pollInterval: value.SETTLEMENT_POLL_INTERVAL,
    concurrency: value.SETTLEMENT_CONCURRENCY,
    batchSize: value.SETTLEMENT_BATCH_SIZE,
    backoff: {
      base: value.SETTLEMENT_BACKOFF_BASE,
      floor: value.SETTLEMENT_BACKOFF_FLOOR,
      cap: value.SETTLEMENT_BACKOFF_CAP,
    },
    maxRefusals: value.PAYMENT_MAX_REFUSALS,
    maxPending: value.MAX_PENDING_ORDERS,
    clientShare: value.MAX_PENDING_CLIENT_SHARE,
  };
}
