import { lookUp } from '../postgres/look-up.ts';
import { orAtDeadline, type Deadline } from '../resilience/deadline.ts';
import type { ChargeOutcome } from '../payment/payment-gateway.ts';
import { newOrder, type Order, type OrderRequest } from './order.ts';
import type { OrderDependencies } from './order-dependencies.ts';
import { causesOf, chargeFor, recordOutcome } from './record-outcome.ts';
import { historyAfter } from './round-history.ts';

export interface PlaceOrder {
  clientId: string;
  request: OrderRequest;
  idempotencyKey: string | undefined;
  /** Another name of the key, under which an earlier version may have stored the order. */
  formerKey?: string | undefined;
  requestId: string;
  /** When the client stops waiting. */
  deadline: Deadline;
}

export type Placement =
  | { kind: 'placed'; order: Order }
  /** The key and the request are known. This is the order in its current state. */
  | { kind: 'replayed'; order: Order }
  /** The key belongs to another request. */
  | { kind: 'key_reused' }
  /** The first request under the key is still in flight. */
  | { kind: 'in_progress'; orderId: string }
  /** Too many orders are pending, of this client or in all. Nothing was stored. */
  | { kind: 'backlog_full' };

/**
 * Places an order: stores it as pending under its idempotency key, charges it and settles it. Whatever breaks on the way,
 * the order is on disk and the charge has the order's id as its key, so it can be finished later and is never charged
 * twice. No transaction is open while the gateway is called.
 *
 * A stored order outlives its client's deadline: the client then gets the order in its current state, and a worker does
 * the rest.
 *
 * @throws {ServiceError} `deadline_exceeded` when the deadline came before the order was stored; `database_unavailable`
 *   when it is unknown whether it was stored, or what became of an earlier one. This request has charged nothing in either
 *   case.
 */
export function placeOrder(dependencies: OrderDependencies, command: PlaceOrder): Promise<Placement> {
  const { events, inFlight } = dependencies;
  return inFlight.track(events.placing(() => place(dependencies, command)));
}

async function place(dependencies: OrderDependencies, command: PlaceOrder): Promise<Placement> {
  const { store, payments, events, backlog, inFlight, policy } = dependencies;
  const order = newOrder(command, events.traceparent());

  const { deadline } = command;
  const accept = !backlog.isFullFor(command.clientId);
  const claim = await store.place(order, { lease: policy.lease, accept, deadline });
  if (claim.kind === 'not_accepted') return { kind: 'backlog_full' };
  if (claim.kind === 'existing') {
    if (!claim.sameRequest) return { kind: 'key_reused' };
    if (claim.inFlight) {
      events.found(claim.id);
      return { kind: 'in_progress', orderId: claim.id };
    }
    const earlier = await lookUp(() => store.find(command.clientId, claim.id, deadline));
    if (earlier === undefined)
      throw new Error(`order ${claim.id} holds an idempotency key but does not exist`);
    return { kind: 'replayed', order: earlier };
  }
  const { leased } = claim;
  events.placed(leased.order);

  const timeLimit = deadline.remaining();
  const outcome: ChargeOutcome =
    timeLimit > 0
      ? await payments.charge(chargeFor(leased), {
          requestId: command.requestId,
          timeLimit,
          ...causesOf(leased),
        })
      : { kind: 'unavailable', reason: 'deadline' };
  // The deadline does not cut this short: a worker would only ask the gateway again for an outcome that is known.
  const recorded = inFlight.track(
    recordOutcome(dependencies, leased, outcome, historyAfter(leased.history, outcome)),
  );
  const { order: latest } = await orAtDeadline(deadline, recorded, () => leased);
  return { kind: 'placed', order: latest };
}
