import { hash, randomUUIDv7 } from 'node:crypto';
import type { Currency } from './currency.ts';
import type { OrderState } from './order-state.ts';
import type { RoundHistory } from './round-history.ts';

export interface OrderItem {
  sku: string;
  quantity: number;
  /** In minor units of the order's currency. */
  unitPriceMinor: number;
}

/** The body of a client's request, parsed at the edge. */
export interface OrderRequest {
  customerId: string;
  currency: Currency;
  items: readonly OrderItem[];
  paymentToken: string;
}

export type Order = OrderState & {
  /**
   * UUIDv7 (RFC 9562), which keeps new rows together in the primary key. It has the time of the replica that made it, which
   * nothing else goes by: the clocks of replicas differ.
   */
  id: string;
  clientId: string;
  customerId: string;
  currency: Currency;
  items: readonly OrderItem[];
  totalMinor: number;
  createdAt: Date;
  updatedAt: Date;
};

/** A pending order under lease to one request or worker. */
export interface LeasedOrder {
  order: Order;
  paymentToken: string;
  /** Milliseconds since it was placed, by the clock of the database. */
  age: number;
  /** Whether its client has asked to cancel it. It is then cancelled and never charged. */
  cancelling: boolean;
  history: RoundHistory;
  /** The trace in which the order was placed. */
  traceparent: string | undefined;
  /**
   * Grows by one with every lease, so that a holder whose lease has expired can no longer write: the database accepts
   * the newest token only. It is 1 for the request that placed the order, and doubles as the number of the round.
   *
   * @see https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html
   */
  fencingToken: number;
}

/** An order that is about to be stored. The database sets the time of creation. */
export interface NewOrder {
  id: string;
  clientId: string;
  request: OrderRequest;
  totalMinor: number;
  idempotencyKey: string | undefined;
  /** Another name of the key, under which an earlier version may have stored the order. */
  formerKey?: string | undefined;
  /** SHA-256 in hexadecimal. */
  requestHash: string;
  traceparent: string | undefined;
}

export function newOrder(
  {
    clientId,
    request,
    idempotencyKey,
    formerKey,
  }: Pick<NewOrder, 'clientId' | 'request' | 'idempotencyKey' | 'formerKey'>,
  traceparent?: string,
): NewOrder {
  return {
    id: randomUUIDv7(),
    clientId,
    request,
    totalMinor: totalOf(request.items),
    idempotencyKey,
    formerKey,
    requestHash: hashOf(request),
    traceparent,
  };
}

/**
 * The sum in minor units.
 *
 * @throws {RangeError} above 2^53 − 1, where a number is no longer exact; the bounds of the API keep far below it
 */
export function totalOf(items: readonly OrderItem[]): number {
  let total = 0;
  for (const { quantity, unitPriceMinor } of items) total += quantity * unitPriceMinor;
  if (!Number.isSafeInteger(total))
    throw new RangeError('the total exceeds the integers that a number holds exactly');
  return total;
}

/** Equal for requests that mean the same, whatever the order of their JSON members or their white space. */
function hashOf({ customerId, currency, items, paymentToken }: OrderRequest): string {
  const lines = items.map(({ sku, quantity, unitPriceMinor }) => [sku, quantity, unitPriceMinor]);
  return hash('sha256', JSON.stringify([customerId, currency, paymentToken, lines]));
}
