import type { Order } from './order.ts';
import type { Ordering } from './ordering.ts';
import { recordOutcome } from './record-outcome.ts';

export type Cancellation =
  | { kind: 'cancelled'; order: Order }
  /** The order is settled already, or the gateway settled it as something else. */
  | { kind: 'too_late'; order: Order }
  /** Somebody is at work on the order at this moment. */
  | { kind: 'in_progress' }
  /** The gateway could not be made to promise that nothing will be charged. The order stays pending. */
  | { kind: 'gateway_unavailable' }
  | { kind: 'not_found' };

/**
 * How a pending order is cancelled: at the gateway first and on disk second, so that a charge that succeeds late
 * cannot slip in between. Whoever cancels holds the order, so that nobody charges it meanwhile.
 *
 * @throws {ServiceError} `database_unavailable`
 */
export async function cancelOrder(
  ordering: Ordering,
  command: { clientId: string; orderId: string; requestId: string },
): Promise<Cancellation> {
  const { store, payments, policy } = ordering;

  const held = await store.take(command.clientId, command.orderId, policy.lease);
  if (held === undefined) {
    const order = await store.find(command.clientId, command.orderId);
    if (order === undefined) return { kind: 'not_found' };
    return order.status === 'pending' ? { kind: 'in_progress' } : { kind: 'too_late', order };
  }

  const outcome = await payments.cancel(held.order.id, { requestId: command.requestId });
  const order = await recordOutcome(ordering, held, outcome);
  if (order.status === 'cancelled') return { kind: 'cancelled', order };
  return order.status === 'pending' ? { kind: 'gateway_unavailable' } : { kind: 'too_late', order };
}
