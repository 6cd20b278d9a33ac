import { orAtDeadline, type Deadline } from '../resilience/deadline.ts';
import type { ChargeOutcome } from '../payment/payment-gateway.ts';
import { newOrder, type Order, type OrderRequest } from './order.ts';
import type { OrderDependencies } from './order-dependencies.ts';
import { chargeFor, recordOutcome } from './record-outcome.ts';

export interface PlaceOrder {
  clientId: string;
  request: OrderRequest;
  idempotencyKey: string | undefined;
  requestId: string;
  /** Until when the client waits. */
  deadline: Deadline;
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
 * An order that is stored outlives the patience of its client: at the deadline it is answered as it stands, and what is
 * left to do is left to a worker.
 *
 * @throws {ServiceError} `deadline_exceeded` when the deadline came before the order was stored; `database_unavailable`
 *   when it is not known whether it was. Nothing was charged in either case.
 */
export function placeOrder(dependencies: OrderDependencies, command: PlaceOrder): Promise<Placement> {
  return dependencies.events.placing(() => place(dependencies, command));
}

async function place(dependencies: OrderDependencies, command: PlaceOrder): Promise<Placement> {
  const { store, payments, events, backlog, policy } = dependencies;
  const order = newOrder(command, events.traceparent());

  const { deadline } = command;
  const claim = await store.place(order, { lease: policy.lease, accept: !backlog.isFull(), deadline });
  if (claim.kind === 'not_accepted') return { kind: 'backlog_full' };
  if (claim.kind === 'existing') {
    if (!claim.sameRequest) return { kind: 'key_reused' };
    if (claim.inFlight) return { kind: 'in_progress' };
    const earlier = await store.find(command.clientId, claim.id, deadline);
    if (earlier === undefined) throw new Error(`order ${claim.id} holds an idempotency key and is gone`);
    return { kind: 'replayed', order: earlier };
  }
  const { leased } = claim;
  events.placed(leased.order);

  const timeLimit = deadline.remaining();
  const outcome: ChargeOutcome =
    timeLimit > 0
      ? await payments.charge(chargeFor(leased), { requestId: command.requestId, timeLimit })
      : { kind: 'unavailable', reason: 'deadline' };
  // Writing it down is not cut short: that would only have a worker ask the gateway again for what is known already.
  const recorded = recordOutcome(dependencies, leased, outcome);
  return { kind: 'placed', order: await orAtDeadline(deadline, recorded, () => leased.order) };
}
