import { type Static, Type } from 'typebox';
import { pageSchema } from '../../http/page.ts';
import { currencies } from '../currency.ts';
import type { Order } from '../order.ts';
import { orderStatuses } from '../order-state.ts';
import { scrub } from '../../privacy/scrub.ts';

/**
 * The wire format of orders. These schemas validate requests, serialize responses and make up the OpenAPI document.
 * The bounds keep every total far below 2^53: 100 items × 10,000 × 100,000,000 = 10^14.
 */

const sku = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._-]+$' });
const currency = Type.Enum([...currencies], { description: 'ISO 4217' });
const customerId = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._-]+$' });
const status = Type.Enum([...orderStatuses]);
const orderId = Type.String({ format: 'uuid', description: 'UUIDv7' });

const item = Type.Object(
  {
    sku,
    quantity: Type.Integer({ minimum: 1, maximum: 10_000 }),
    unitPriceMinor: Type.Integer({
      minimum: 0,
      maximum: 100_000_000,
      description: 'In minor units, e.g. cents.',
    }),
  },
  { additionalProperties: false },
);

export const orderRequestSchema = Type.Object(
  {
    customerId,
    currency,
    items: Type.Array(item, { minItems: 1, maxItems: 100 }),
    paymentToken: Type.String({
      minLength: 1,
      maxLength: 128,
      pattern: '^[A-Za-z0-9._-]+$',
      description: 'Stands for a card at the payment gateway. A card number is refused.',
    }),
  },
  {
    additionalProperties: false,
    examples: [
      {
        customerId: 'cus_42',
        currency: 'EUR',
        items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
        paymentToken: 'tok_visa',
      },
    ],
  },
);

export const orderSchema = Type.Object(
  {
    id: orderId,
    status,
    customerId,
    currency,
    items: Type.Array(item),
    totalMinor: Type.Integer({ minimum: 0, description: 'In minor units.' }),
    paymentId: Type.Union([Type.String(), Type.Null()], {
      description: "The gateway's id of the charge; null unless the order is paid.",
    }),
    reason: Type.Union([Type.String(), Type.Null()], {
      description: "The gateway's code for why the order was declined or refused; null in any other state.",
    }),
    createdAt: Type.String({ format: 'date-time' }),
    updatedAt: Type.String({ format: 'date-time' }),
  },
  {
    $id: 'Order',
    additionalProperties: false,
    examples: [
      {
        id: '019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11',
        status: 'paid',
        customerId: 'cus_42',
        currency: 'EUR',
        items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
        totalMinor: 900,
        paymentId: 'ch_2Zq8XbVt',
        reason: null,
        createdAt: '2026-11-20T09:30:00.000Z',
        updatedAt: '2026-11-20T09:30:00.041Z',
      },
    ],
  },
);

export const orderPageSchema = pageSchema('OrderPage', 'orders', 'Order');

export const orderParams = Type.Object({ id: orderId });

export const listQuery = Type.Object(
  {
    status: Type.Optional(status),
    customerId: Type.Optional(customerId),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        default: 20,
        description: 'Orders per page. A page ends earlier when its orders have 1,000 items together.',
      }),
    ),
    cursor: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        pattern: '^[A-Za-z0-9_-]+$',
        description: 'Opaque; from `nextCursor`.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** The representation of an order in the API. */
export function orderBody(order: Order): Static<typeof orderSchema> {
  return {
    id: order.id,
    status: order.status,
    customerId: order.customerId,
    currency: order.currency,
    items: [...order.items],
    totalMinor: order.totalMinor,
    paymentId: order.status === 'paid' ? order.paymentId : null,
    reason: reasonOf(order),
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
  };
}

/** The gateway wrote the code, and it may hold any text. */
function reasonOf(order: Order): string | null {
  if (order.status === 'declined') return scrub(order.declineCode);
  return order.status === 'refused' ? scrub(order.refusalCode) : null;
}
