import { orAtDeadline, type Deadline } from '../resilience/deadline.ts';
import type { CancelOutcome } from '../payment/payment-gateway.ts';
import type { Order } from './order.ts';
import type { OrderDependencies } from './order-dependencies.ts';
import { recordOutcome } from './record-outcome.ts';

export type Cancellation =
  | { kind: 'cancelled'; order: Order }
  /** The order is settled already, or the gateway settled it as something else. */
  | { kind: 'too_late'; order: Order }
  /** Somebody is at work on the order at this moment. */
  | { kind: 'in_progress' }
  /** The gateway could not be made to promise that nothing will be charged. The order stays pending. */
  | { kind: 'gateway_unavailable' }
  /** The client's deadline came before all was done. Whether the order is cancelled is still to be seen. */
  | { kind: 'out_of_time' }
  | { kind: 'not_found' };

/**
 * How a pending order is cancelled: at the gateway first and on disk second, so that a charge that succeeds late
 * cannot slip in between. Whoever cancels holds the order, so that nobody charges it meanwhile.
 *
 * @throws {ServiceError} `deadline_exceeded` when nothing was done before the deadline, `database_unavailable`
 */
export async function cancelOrder(
  dependencies: OrderDependencies,
  command: { clientId: string; orderId: string; requestId: string; deadline: Deadline },
): Promise<Cancellation> {
  const { store, payments, policy } = dependencies;
  const { clientId, orderId, requestId, deadline } = command;

  const leased = await store.take(clientId, orderId, policy.lease, deadline);
  if (leased === undefined) {
    const order = await store.find(clientId, orderId, deadline);
    if (order === undefined) return { kind: 'not_found' };
    return order.status === 'pending' ? { kind: 'in_progress' } : { kind: 'too_late', order };
  }

  const timeLimit = deadline.remaining();
  const outcome: CancelOutcome =
    timeLimit > 0
      ? await payments.cancel(leased.order.id, { requestId, timeLimit })
      : { kind: 'unavailable', reason: 'deadline' };
  const recorded = recordOutcome(dependencies, leased, outcome);
  const order = await orAtDeadline(deadline, recorded, () => undefined);
  if (order === undefined) return { kind: 'out_of_time' };
  if (order.status === 'cancelled') return { kind: 'cancelled', order };
  if (order.status !== 'pending') return { kind: 'too_late', order };
  const cut = 'reason' in outcome && outcome.reason === 'deadline';
  return { kind: cut ? 'out_of_time' : 'gateway_unavailable' };
}
