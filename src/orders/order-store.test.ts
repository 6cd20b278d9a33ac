import { expect, test } from 'vitest';
import { noDeadline } from '../resilience/deadline.ts';
import { ServiceError } from '../errors.ts';
import type { Database } from '../postgres/database.ts';
import { newOrder } from './order.ts';
import { createOrderStore } from './order-store.ts';

// What a healthy Postgres answers only after a fault at the worst moment. The crash tests meet it by chance, this does
// always: the database says what it is told to.

/** @param answers to one statement after the other: its rows, or how it fails */
function storeOver(...answers: Array<object[] | Error>) {
  const database: Pick<Database, 'run'> = {
    async run<Row>() {
      const answer = answers.shift() ?? [];
      if (answer instanceof Error) throw answer;
      return answer as Row[];
    },
  };
  return createOrderStore(database);
}

const order = newOrder({
  clientId: 'shop',
  idempotencyKey: 'order-1',
  request: {
    customerId: 'cus_42',
    currency: 'EUR',
    items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
    paymentToken: 'tok_visa',
  },
});
const createdAt = new Date('2026-11-20T09:30:00Z');
const stored = String(createdAt.getTime());
const conflicting = {
  id: order.id,
  request_hash: order.requestHash,
  created_at: stored,
  in_flight: true,
};
const accepting = { lease: 1000, accept: true, deadline: noDeadline };
const cut = new ServiceError('deadline_exceeded', 'No time is left.');

test('an order repeated after a lost answer finds the order that the first attempt stored', async () => {
  const placed = await storeOver([], [conflicting]).place(order, accepting);
  expect(placed).toMatchObject({
    kind: 'placed',
    leased: { fencingToken: 1, order: { id: order.id, createdAt } },
  });
});

test.each([
  { what: 'the same request', hash: conflicting.request_hash, sameRequest: true },
  { what: 'another request', hash: '00'.repeat(32), sameRequest: false },
])(
  'an idempotency key that is taken by $what leads to the order that has it',
  async ({ hash, sameRequest }) => {
    const other = { ...conflicting, id: '019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11', request_hash: hash };
    const placed = await storeOver([], [other]).place(order, accepting);
    expect(placed).toEqual({ kind: 'existing', id: other.id, sameRequest, inFlight: true });
  },
);

test('a new idempotency key stores nothing when no order is accepted', async () => {
  expect(await storeOver([]).place(order, { ...accepting, accept: false })).toEqual({ kind: 'not_accepted' });
});

test('an order that conflicts with no other order is a defect', async () => {
  await expect(storeOver([], []).place(order, accepting)).rejects.toThrow(
    'conflicts with an order that does not exist',
  );
});

test('a deadline between insert and lookup leaves open whether the order was stored', async () => {
  const placing = storeOver([], cut).place(order, accepting);
  await expect(placing).rejects.toMatchObject({ code: 'database_unavailable', retryAfter: 1, cause: cut });
});

test('a deadline during a lookup alone says that nothing was stored', async () => {
  await expect(storeOver(cut).place(order, { ...accepting, accept: false })).rejects.toBe(cut);
});

test('settling twice with the same fencing token succeeds, with an older one it does not', async () => {
  const placed = await storeOver([{ created_at: stored }]).place(order, accepting);
  if (placed.kind !== 'placed') throw new Error('It was not placed.');
  const settlement = { status: 'paid', paymentId: 'ch_1' } as const;
  const row = { status: 'paid', payment_id: 'ch_1', decline_code: null, updated_at: stored };
  for (const [round, settledHere] of [
    [1, true],
    [2, false],
  ] as const) {
    const state = await storeOver([], [{ ...row, round }]).settle(placed.leased, settlement);
    expect(state).toMatchObject({ settledHere, order: { status: 'paid' } });
  }
  await expect(storeOver([], []).settle(placed.leased, settlement)).rejects.toThrow('is gone');
});

test('a count without rows is an empty backlog', async () => {
  expect(await storeOver([]).backlog()).toEqual({
    pending: 0,
    byClient: new Map(),
    age: undefined,
  });
});
