import { newOrder, type Order, type OrderRequest } from './order.ts';
import type { Ordering } from './ordering.ts';
import { chargeFor, recordOutcome } from './record-outcome.ts';

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
  | { kind: 'in_progress' }
  /** Too many orders are pending already. Nothing was stored. */
  | { kind: 'backlog_full' };

/**
 * How an order is placed: stored as pending under its idempotency key, charged, settled. Whatever breaks on the way,
 * the order is on disk and the charge has its id as key, so that it can be finished later and never charged twice.
 * No transaction is open while the gateway is called.
 *
 * @throws {ServiceError} `database_unavailable` when it is not known whether the order was stored; nothing was charged
 */
export function placeOrder(ordering: Ordering, command: PlaceOrder): Promise<Placement> {
  return ordering.events.placing(() => place(ordering, command));
}

async function place(ordering: Ordering, command: PlaceOrder): Promise<Placement> {
  const { store, payments, events, backlog, policy } = ordering;
  const order = newOrder(command, events.traceparent());

  const claim = await store.place(order, { lease: policy.lease, accept: !backlog.isFull() });
  if (claim.kind === 'not_accepted') return { kind: 'backlog_full' };
  if (claim.kind === 'existing') {
    if (!claim.sameRequest) return { kind: 'key_reused' };
    if (claim.inFlight) return { kind: 'in_progress' };
    const earlier = await store.find(command.clientId, claim.id);
    if (earlier === undefined) throw new Error(`order ${claim.id} holds an idempotency key and is gone`);
    return { kind: 'replayed', order: earlier };
  }
  events.placed(claim.held.order);

  const outcome = await payments.charge(chargeFor(claim.held), { requestId: command.requestId });
  return { kind: 'placed', order: await recordOutcome(ordering, claim.held, outcome) };
}
