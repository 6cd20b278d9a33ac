import type { Static } from 'typebox';
import type { Deadline } from '../../resilience/deadline.ts';
import { orderBody, type orderSchema } from './order-schema.ts';
import type { OrderStore } from '../order-store.ts';

/**
 * Finds a client's order and returns it as the API represents it.
 *
 * @throws {ServiceError} `deadline_exceeded`, `database_unavailable`
 */
export type ReadOrder = (
  clientId: string,
  id: string,
  deadline: Deadline,
) => Promise<Static<typeof orderSchema> | undefined>;

export function readFromStore(store: Pick<OrderStore, 'find'>): ReadOrder {
  return async (clientId, id, deadline) => {
    const order = await store.find(clientId, id, deadline);
    return order && orderBody(order);
  };
}
