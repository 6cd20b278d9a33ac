import { randomUUID } from 'node:crypto';
import type { Call, Reply } from './client.ts';
import type { TrafficKind } from './mix.ts';

interface Visit {
  send: (call: Call) => Promise<Reply>;
  /** A pseudo-random number in [0, 1). */
  random: () => number;
}

/** The customers of a shop, one visit at a time. */
export interface Customers {
  /** Makes the requests of one visit: one, or two if the second needs the answer to the first. */
  visit(kind: TrafficKind, visit: Visit): Promise<void>;
}

/** Number of recent orders that a later visit may read again. */
const remembered = 200;

export function createCustomers(): Customers {
  const orderIds: string[] = [];

  async function place(
    { send }: Visit,
    body: unknown,
    key: string = randomUUID(),
  ): Promise<string | undefined> {
    const reply = await send({ method: 'POST', path: '/orders', body, headers: { 'idempotency-key': key } });
    const id = idOf(reply.body);
    if (id === undefined || reply.status === undefined || reply.status >= 300) return undefined;
    orderIds.push(id);
    if (orderIds.length > remembered) orderIds.shift();
    return id;
  }

  const visits: Readonly<Record<TrafficKind, (visit: Visit) => Promise<unknown>>> = {
    paid: (visit) => place(visit, order(visit, oneOf(visit, goodCards))),
    declined: (visit) => place(visit, order(visit, oneOf(visit, badCards))),
    retried: (visit) => place(visit, order(visit, 'tok_error_once')),
    slow: (visit) => place(visit, order(visit, 'tok_slow')),
    async repeated(visit) {
      const key = randomUUID();
      const same = order(visit, 'tok_visa');
      await place(visit, same, key);
      await place(visit, same, key);
    },
    async reused_key(visit) {
      const key = randomUUID();
      await place(visit, order(visit, 'tok_visa'), key);
      await place(visit, order(visit, 'tok_mastercard'), key);
    },
    async cancelled(visit) {
      const id = await place(visit, order(visit, 'tok_timeout'));
      if (id !== undefined) await visit.send({ method: 'POST', path: `/orders/${id}/cancel` });
    },
    invalid: (visit) => place(visit, { ...order(visit, 'tok_visa'), ...oneOf(visit, faults) }),
    unauthenticated: ({ send }) =>
      send({ method: 'GET', path: '/orders', headers: { authorization: 'Bearer nobody' } }),
    async read(visit) {
      const known = orderIds[Math.floor(visit.random() * orderIds.length)];
      const id = known ?? (await place(visit, order(visit, 'tok_visa')));
      if (id !== undefined) await visit.send({ method: 'GET', path: `/orders/${id}` });
    },
    not_found: ({ send }) => send({ method: 'GET', path: `/orders/${randomUUID()}` }),
    listed: (visit) => visit.send({ method: 'GET', path: oneOf(visit, pages) }),
  };

  return {
    async visit(kind, visit) {
      await visits[kind](visit);
    },
  };
}

const goodCards = ['tok_visa', 'tok_visa', 'tok_mastercard', 'tok_amex'] as const;
const badCards = ['tok_declined', 'tok_insufficient_funds', 'tok_expired_card', 'tok_fraud'] as const;
const currencies = ['EUR', 'EUR', 'EUR', 'USD', 'GBP'] as const;
const catalogue = [
  { sku: 'TEA-001', unitPriceMinor: 450 },
  { sku: 'TEA-002', unitPriceMinor: 690 },
  { sku: 'TEA-007', unitPriceMinor: 1290 },
  { sku: 'POT-010', unitPriceMinor: 3900 },
  { sku: 'CUP-003', unitPriceMinor: 800 },
  { sku: 'TIN-021', unitPriceMinor: 1150 },
] as const;
/** Each violates a different rule of the API. */
const faults = [
  { currency: 'TEA' },
  { items: [] },
  { items: [{ sku: 'TEA-001', quantity: 0, unitPriceMinor: 450 }] },
  { discount: 10 },
] as const;
const pages = ['/orders?limit=20', '/orders?status=paid&limit=5'] as const;

function order(visit: Visit, paymentToken: string) {
  return {
    customerId: `cus_${1 + Math.floor(visit.random() * 200)}`,
    currency: oneOf(visit, currencies),
    items: Array.from({ length: 1 + Math.floor(visit.random() * 4) }, () => ({
      ...oneOf(visit, catalogue),
      quantity: 1 + Math.floor(visit.random() * 3),
    })),
    paymentToken,
  };
}

function oneOf<List extends readonly [unknown, ...unknown[]]>({ random }: Visit, list: List): List[number] {
  return list[Math.floor(random() * list.length)] ?? list[0];
}

function idOf(body: unknown): string | undefined {
  return typeof body === 'object' && body !== null && 'id' in body && typeof body.id === 'string'
    ? body.id
    : undefined;
}
