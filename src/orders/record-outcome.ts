import { fullJitter } from '../resilience/backoff.ts';
import { cause } from '../payment/cause.ts';
import type { CallContext, Charge } from '../payment/payment-gateway.ts';
import type { LeasedOrder, Order } from './order.ts';
import { nextState, type Verdict } from './order-state.ts';
import type { OrderDependencies } from './order-dependencies.ts';
import type { RoundHistory } from './round-history.ts';

/** The charge of an order. Its key is the order's id, in every round and attempt. */
export function chargeFor({ order, paymentToken }: LeasedOrder): Charge {
  return { key: order.id, amountMinor: order.totalMinor, currency: order.currency, paymentToken };
}

/** What may be to blame, besides the gateway, when it does not answer for an order. */
export function causesOf({ order, paymentToken }: LeasedOrder): Pick<CallContext, 'causes'> {
  return { causes: [cause('card', paymentToken), cause('client', order.clientId)] };
}

/** An order in its last known state, and whether Postgres could be told what became of it. */
export interface Recorded {
  order: Order;
  isStored: boolean;
}

/**
 * Stores what became of an order: settles it, or releases it until a later round. If that fails, the order is still
 * pending on disk and a worker takes it when the lease expires, so the caller need not fail.
 *
 * @param history with what this round has shown
 */
export async function recordOutcome(
  { store, events, backlog, policy }: OrderDependencies,
  leased: LeasedOrder,
  outcome: Verdict,
  history: RoundHistory,
): Promise<Recorded> {
  const round = leased.fencingToken;
  const next = nextState(leased.order, outcome);
  try {
    if (next.status === 'pending') {
      events.leftPending(leased.order, 'reason' in outcome ? outcome.reason : outcome.kind);
      // No replica asks again during a pause: its end is stored with the order.
      const pause = 'retryAfter' in outcome ? (outcome.retryAfter ?? 0) : 0;
      const wait = Math.max(pause, fullJitter(round, policy.backoff));
      const { order } = await store.release(leased, wait, history);
      // Only now: a count that runs before the commit misses the order.
      if (round === 1) backlog.grew(leased.order.clientId);
      return { order, isStored: true };
    }
    const { order, settledHere } = await store.settle(leased, next);
    if (settledHere) events.settled(order);
    return { order, isStored: true };
  } catch (error) {
    if (round === 1) backlog.grew(leased.order.clientId);
    events.outcomeNotStored(leased.order, error);
    return { order: leased.order, isStored: false };
  }
}
