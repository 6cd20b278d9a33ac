import { randomUUID } from 'node:crypto';
import type { Call, Reply } from './client.ts';
import type { TrafficKind } from './mix.ts';

interface Visit {
  send: (call: Call) => Promise<Reply>;
  /** A pseudo-random number in [0, 1). */
  random: () => number;
}

/** Clients of the service, one visit at a time. */
export interface Customers {
  /** Makes the requests of one visit: one, or two if the second repeats the first. */
  visit(kind: TrafficKind, visit: Visit): Promise<void>;
}

/** Number of recent bookings that a later visit may read again. */
const remembered = 200;

export function createCustomers(): Customers {
  const ids: string[] = [];

  async function create({ send }: Visit, body: unknown, key: string = randomUUID()): Promise<void> {
    const headers = { 'idempotency-key': key };
    const reply = await send({ method: 'POST', path: '/bookings', body, headers });
    const id = idOf(reply.body);
    if (id === undefined) return;
    ids.push(id);
    if (ids.length > remembered) ids.shift();
  }

  const visits: Readonly<Record<TrafficKind, (visit: Visit) => Promise<unknown>>> = {
    confirmed: (visit) => create(visit, wanted(visit, 'ref')),
    rejected: (visit) => create(visit, wanted(visit, 'no')),
    async repeated(visit) {
      const key = randomUUID();
      const same = wanted(visit, 'ref');
      await create(visit, same, key);
      await create(visit, same, key);
    },
    async reused_key(visit) {
      const key = randomUUID();
      const first = wanted(visit, 'ref');
      await create(visit, first, key);
      await create(visit, { ...first, quantity: first.quantity + 1 }, key);
    },
    invalid: (visit) => create(visit, { ...wanted(visit, 'ref'), quantity: 0 }),
    unauthenticated: ({ send }) =>
      send({ method: 'GET', path: '/bookings', headers: { authorization: 'Bearer nobody' } }),
    async read(visit) {
      const id = ids[Math.floor(visit.random() * ids.length)] ?? randomUUID();
      await visit.send({ method: 'GET', path: `/bookings/${id}` });
    },
    not_found: ({ send }) => send({ method: 'GET', path: `/bookings/${randomUUID()}` }),
    listed: (visit) => visit.send({ method: 'GET', path: '/bookings?limit=20' }),
  };

  return {
    async visit(kind, visit) {
      await visits[kind](visit);
    },
  };
}

function wanted({ random }: Visit, kind: 'ref' | 'no') {
  return { reference: `${kind}-${Math.floor(random() * 1000)}`, quantity: 1 + Math.floor(random() * 3) };
}

function idOf(body: unknown): string | undefined {
  return typeof body === 'object' && body !== null && 'id' in body && typeof body.id === 'string'
    ? body.id
    : undefined;
}
