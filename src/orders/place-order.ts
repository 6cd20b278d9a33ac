import type { ChargeOutcome, PaymentGateway } from '../payment/payment-gateway.ts';
import { type NewOrder, newOrder, type Order, type OrderRequest } from './order.ts';
import type { OrderEvents } from './order-events.ts';
import type { OrderStore } from './order-store.ts';

export interface Ordering {
  store: OrderStore;
  payments: PaymentGateway;
  events: OrderEvents;
  /** Milliseconds for which a new order belongs to the request that placed it, and to no settlement worker. */
  lease: number;
  /** Milliseconds after which the settlement worker takes over an order whose charge stayed open. */
  settleAfter: number;
}

export interface PlaceOrder {
  clientId: string;
  request: OrderRequest;
  idempotencyKey: string | undefined;
  requestId: string;
}

export type Placement =
  | { kind: 'placed'; order: Order }
  /** The key and the request are known: the order as it now stands. */
  | { kind: 'replayed'; order: Order }
  /** The key belongs to another request. */
  | { kind: 'key_reused' }
  /** The first request under the key is still at work. */
  | { kind: 'in_progress' };

/**
 * How an order is placed: stored as pending under its idempotency key, charged, settled. Whatever breaks on the way,
 * the order is on disk and the charge has its id as key, so that it can be finished later and never charged twice.
 * No transaction is open while the gateway is called.
 *
 * @throws {ServiceError} `database_unavailable` when the order could not be stored; then nothing was charged
 */
export async function placeOrder(ordering: Ordering, command: PlaceOrder): Promise<Placement> {
  const { store, payments, events } = ordering;
  const order = newOrder(command.clientId, command.request, command.idempotencyKey);

  const claim = await store.place(order, ordering.lease);
  if (claim.kind === 'existing') {
    if (!claim.sameRequest) return { kind: 'key_reused' };
    if (claim.inFlight) return { kind: 'in_progress' };
    return { kind: 'replayed', order: await existingOrder(store, command.clientId, claim.id) };
  }
  events.placed(claim.order);

  const outcome = await payments.charge(chargeFor(order), { requestId: command.requestId });
  return { kind: 'placed', order: await recordOutcome(ordering, claim.order, outcome) };
}

function chargeFor({ id, totalMinor, request: { currency, paymentToken } }: NewOrder) {
  return { key: id, amountMinor: totalMinor, currency, paymentToken };
}

/** Writes down how the charge ended. Where that fails the order stays pending, and the charge can be asked for again. */
async function recordOutcome(ordering: Ordering, order: Order, outcome: ChargeOutcome): Promise<Order> {
  const { store, events, settleAfter } = ordering;
  try {
    switch (outcome.kind) {
      case 'succeeded':
        return settled(await store.settle(order, { status: 'paid', paymentId: outcome.paymentId }));
      case 'declined':
        return settled(await store.settle(order, { status: 'declined', declineCode: outcome.declineCode }));
      case 'cancelled':
        return settled(await store.settle(order, { status: 'cancelled' }));
      case 'unavailable':
      case 'unknown':
        events.deferred(order, outcome.reason);
        return await store.defer(order, settleAfter);
    }
  } catch (error) {
    events.outcomeNotStored(order, error);
    return order;
  }

  function settled(result: Order): Order {
    events.settled(result);
    return result;
  }
}

async function existingOrder(store: OrderStore, clientId: string, id: string): Promise<Order> {
  const order = await store.find(clientId, id);
  if (order === undefined) throw new Error(`order ${id} holds an idempotency key and is gone`);
  return order;
}
