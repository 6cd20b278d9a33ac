import { orAtDeadline, type Deadline } from '../resilience/deadline.ts';
import type { CancelOutcome } from '../payment/payment-gateway.ts';
import type { Order } from './order.ts';
import type { OrderDependencies } from './order-dependencies.ts';
import { causesOf, recordOutcome } from './record-outcome.ts';
import { historyAfterCancel } from './round-history.ts';

export interface CancelOrder {
  clientId: string;
  orderId: string;
  requestId: string;
  /** When the client stops waiting. */
  deadline: Deadline;
}

export type Cancellation =
  /** It is cancelled: by this request or before. */
  | { kind: 'cancelled'; order: Order }
  /** It was already settled in another way, or the gateway's response has just settled it so. */
  | { kind: 'too_late'; order: Order }
  /** Another request or a worker holds the lease of the order. */
  | { kind: 'in_progress'; order: Order }
  /** The gateway has decided, and Postgres could not be told. The order stays pending until a worker has asked again. */
  | { kind: 'not_stored'; order: Order }
  /** The gateway did not confirm that nothing will be charged. The order stays pending. */
  | { kind: 'gateway_unavailable'; order: Order }
  /** The client's deadline came first. The order may or may not end up cancelled. */
  | { kind: 'out_of_time'; order: Order }
  | { kind: 'not_found' };

/**
 * Cancels a pending order: at the gateway first, which refuses every later charge, then on disk. The cancellation holds the
 * lease of the order, so that no worker charges it meanwhile.
 *
 * Taking the order also stores that it is to be cancelled. Whatever becomes of this call, the order is never charged again:
 * the gateway may carry the cancellation out late, and it would refund a charge that a worker made meanwhile.
 *
 * @throws {ServiceError} `deadline_exceeded` when the deadline came before anything was done, `database_unavailable`
 */
export function cancelOrder(dependencies: OrderDependencies, command: CancelOrder): Promise<Cancellation> {
  return dependencies.inFlight.track(cancel(dependencies, command));
}

async function cancel(dependencies: OrderDependencies, command: CancelOrder): Promise<Cancellation> {
  const { store, payments, events, inFlight, policy } = dependencies;
  const { clientId, orderId, requestId, deadline } = command;

  const leased = await store.takeToCancel(clientId, orderId, policy.lease, deadline);
  if (leased === undefined) {
    const order = await store.find(clientId, orderId, deadline);
    if (order === undefined) return { kind: 'not_found' };
    events.found(order.id);
    if (order.status === 'pending') return { kind: 'in_progress', order };
    // A repeat whose first answer was lost, or a wish that the settlement worker has already fulfilled.
    if (order.status === 'cancelled') return { kind: 'cancelled', order };
    return { kind: 'too_late', order };
  }

  events.found(leased.order.id);
  const timeLimit = deadline.remaining();
  const outcome: CancelOutcome =
    timeLimit > 0
      ? await payments.cancel(leased.order.id, { requestId, timeLimit, ...causesOf(leased) })
      : { kind: 'unavailable', reason: 'deadline' };
  const recorded = inFlight.track(
    recordOutcome(dependencies, leased, outcome, historyAfterCancel(leased.history, outcome)),
  );
  const result = await orAtDeadline(deadline, recorded, () => undefined);
  if (result === undefined) return { kind: 'out_of_time', order: leased.order };
  const { order, isStored } = result;
  if (order.status === 'cancelled') return { kind: 'cancelled', order };
  if (order.status !== 'pending') return { kind: 'too_late', order };
  if (outcome.kind === 'cancelled' || outcome.kind === 'declined')
    return { kind: isStored ? 'in_progress' : 'not_stored', order };
  const cut = 'reason' in outcome && outcome.reason === 'deadline';
  return { kind: cut ? 'out_of_time' : 'gateway_unavailable', order };
}
