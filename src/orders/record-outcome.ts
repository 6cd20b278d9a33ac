import { fullJitter } from '../resilience/backoff.ts';
import type { CancelOutcome, Charge, ChargeOutcome } from '../payment/payment-gateway.ts';
import type { LeasedOrder, Order } from './order.ts';
import { nextState } from './order-state.ts';
import type { OrderDependencies } from './order-dependencies.ts';

/** The charge of an order. Its key is the order's id, in every round and attempt. */
export function chargeFor({ order, paymentToken }: LeasedOrder): Charge {
  return { key: order.id, amountMinor: order.totalMinor, currency: order.currency, paymentToken };
}

/**
 * Stores an outcome of the gateway: settles the order, or releases it until a later round. If that fails, the order is
 * still pending on disk and a worker takes it when the lease expires, so the caller need not fail.
 *
 * @returns the order in its last known state
 */
export async function recordOutcome(
  { store, events, backlog, policy }: OrderDependencies,
  leased: LeasedOrder,
  outcome: ChargeOutcome | CancelOutcome,
): Promise<Order> {
  const round = leased.fencingToken;
  const next = nextState(leased.order, outcome);
  try {
    if (next.status === 'pending') {
      if (round === 1) backlog.grew();
      events.leftPending(leased.order, 'reason' in outcome ? outcome.reason : outcome.kind);
      return (await store.release(leased, fullJitter(round, policy.backoff))).order;
    }
    const { order, settledHere } = await store.settle(leased, next);
    if (settledHere) events.settled(order);
    return order;
  } catch (error) {
    if (round === 1) backlog.grew();
    events.outcomeNotStored(leased.order, error);
    return leased.order;
  }
}
