import { duration, share, wholeNumber } from './environment.ts';

/** The variables of orders that stay pending. */
export const settlementVariables = {
  PAYMENT_MAX_REFUSALS: wholeNumber(1, 100, {
    default: '3',
    meaning:
      'rounds in which the gateway may refuse a charge by 4xx before its order is settled as refused, at the gateway first',
  }),
  SETTLEMENT_DEADLINE: duration({
    default: '24h',
    meaning: 'age at which a pending order is cancelled, at the gateway first',
  }),
  SETTLEMENT_POLL_INTERVAL: duration({
    default: '1s',
    meaning: 'time between two polls of an idle settlement worker',
  }),
  SETTLEMENT_ATTEMPT_TIMEOUT: duration({
    default: '10s',
    meaning:
      'timeout of an attempt for an order that the gateway left unanswered, for which nobody waits; PAYMENT_ATTEMPT_TIMEOUT if that is longer',
  }),
  SETTLEMENT_CONCURRENCY: wholeNumber(1, 100, {
    default: '24',
    meaning:
      'pending orders that a replica settles concurrently; half as many more are asked for with SETTLEMENT_ATTEMPT_TIMEOUT',
  }),
  SETTLEMENT_BATCH_SIZE: wholeNumber(1, 1000, {
    default: '96',
    meaning: 'pending orders that a replica leases at once',
  }),
  SETTLEMENT_BACKOFF_BASE: duration({
    default: '1s',
    meaning: 'upper bound of the first wait before an order is settled again; it doubles with every round',
  }),
  SETTLEMENT_BACKOFF_FLOOR: duration({
    default: '250ms',
    meaning: 'shortest wait before an order is settled again',
  }),
  SETTLEMENT_BACKOFF_CAP: duration({
    default: '1m',
    meaning: 'longest wait before an order is settled again',
  }),
  MAX_PENDING_ORDERS: wholeNumber(1, 10_000_000, {
    default: '10000',
    meaning: 'pending orders above which new ones get 503 instead of growing the backlog',
  }),
  MAX_PENDING_CLIENT_SHARE: share({
    default: '0.9',
    meaning:
      'share of the room in the backlog that one client may take of what the others leave; a client beyond it gets 503 alone',
  }),
} as const;
