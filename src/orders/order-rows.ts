import type { Currency } from './currency.ts';
import type { Order, OrderItem } from './order.ts';
import type { OrderState, OrderStatus } from './order-state.ts';

/** Rows of the table `orders`, and their conversion to orders. */

/** A bigint, in the digits that pg returns. */
export type BigintText = string;

/**
 * Money and times, exactly.
 *
 * @throws {RangeError} unless it is an integer that a number holds exactly
 */
export function integerOf(digits: BigintText): number {
  const value = /^-?\d+$/.test(digits) ? Number(digits) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new RangeError(`${digits} is not an integer below 2^53`);
  return value;
}

/** @param milliseconds since 1970 */
export const timeOf = (milliseconds: BigintText): Date => new Date(integerOf(milliseconds));

export interface StateRow {
  id: string;
  status: OrderStatus;
  payment_id: string | null;
  decline_code: string | null;
  refusal_code: string | null;
  updated_at: BigintText;
}

export interface OrderRow extends StateRow {
  client_id: string;
  customer_id: string;
  currency: Currency;
  items: OrderItem[];
  total_minor: BigintText;
  created_at: BigintText;
}

export function toOrder(row: OrderRow): Order {
  return {
    id: row.id,
    clientId: row.client_id,
    customerId: row.customer_id,
    currency: row.currency,
    items: row.items,
    totalMinor: integerOf(row.total_minor),
    createdAt: timeOf(row.created_at),
    updatedAt: timeOf(row.updated_at),
    ...stateOf(row),
  };
}

/** A CHECK constraint on the table guarantees the column that each state needs. */
export function stateOf({
  id,
  status,
  payment_id: paymentId,
  decline_code: declineCode,
  refusal_code: refusalCode,
}: StateRow): OrderState {
  if (status === 'paid' && paymentId !== null) return { status, paymentId };
  if (status === 'declined' && declineCode !== null) return { status, declineCode };
  if (status === 'refused' && refusalCode !== null) return { status, refusalCode };
  if (status === 'pending' || status === 'cancelled') return { status };
  throw new Error(`order ${id} is ${status} without the column of that state`);
}
