import { describe, expect, test } from 'vitest';
import { ServiceError } from '../errors.ts';
import type { Database, Statement } from '../postgres/database.ts';
import { deadlineIn, noDeadline } from '../resilience/deadline.ts';
import { newOrder } from './order.ts';
import type { DueOrders } from './due-orders.ts';
import { createOrderStore } from './order-store.ts';

// What the statements do is tested against Postgres. Here: which of them are run with which values, and how rows are read.

interface Asked {
  name: string;
  values: readonly unknown[];
  deadline: unknown;
}

/** A store over a database that gives these answers in turn, and then no rows. */
function storeOver(...answers: Array<object[] | Error>) {
  const asked: Asked[] = [];
  const database: Pick<Database, 'run'> = {
    async run<Row>({ name, text }: Statement, values: readonly unknown[], deadline: unknown) {
      asked.push({ name, values, deadline });
      const parameters = new Set(text.match(/\$\d+/g));
      expect(values, name).toHaveLength(parameters.size);
      const answer = answers.shift() ?? [];
      if (answer instanceof Error) throw answer;
      return answer as Row[];
    },
  };
  return { store: createOrderStore(database), asked };
}

const id = '019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11';
const createdAt = new Date('2026-11-20T09:30:00.041Z');
const updatedAt = new Date('2026-11-20T09:30:01.000Z');
const row = {
  id,
  client_id: 'shop',
  customer_id: 'cus_42',
  currency: 'EUR',
  items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
  total_minor: '900',
  status: 'pending',
  payment_id: null,
  decline_code: null,
  refusal_code: null,
  created_at: String(createdAt.getTime()),
  updated_at: String(updatedAt.getTime()),
};
const order = {
  id,
  clientId: 'shop',
  customerId: 'cus_42',
  currency: 'EUR',
  items: row.items,
  totalMinor: 900,
  status: 'pending',
  createdAt,
  updatedAt,
};
const leasedRow = {
  ...row,
  payment_token: 'tok_visa',
  age: '1500',
  cancelling: false,
  traceparent: '00-trace',
  round: 3,
  refusals: 1,
  refusal_code: 'amount_too_small',
  unanswered: 2,
};
const leased = {
  order,
  paymentToken: 'tok_visa',
  age: 1500,
  cancelling: false,
  history: { refusals: 1, refusalCode: 'amount_too_small', unanswered: 2 },
  fencingToken: 3,
  traceparent: '00-trace',
};
const soon = deadlineIn(1000);

describe('orders that are read', () => {
  test('an order is found for its client, within the deadline', async () => {
    const { store, asked } = storeOver([row]);
    expect(await store.find('shop', id, soon)).toEqual(order);
    expect(asked).toEqual([{ name: 'find_order', values: ['shop', id], deadline: soon }]);
    expect(await store.find('shop', id)).toBeUndefined();
  });

  test('a page is read with the filters that are given, and with the position of each order', async () => {
    const { store, asked } = storeOver([{ ...row, created_micros: '1795512345678901' }], [], [], []);
    const before = { time: 7, id: 'other' };
    const page = await store.list('shop', { limit: 2, status: 'paid', customerId: 'cus_42', before }, soon);
    expect(page).toEqual([{ order, position: { time: 1_795_512_345_678_901, id } }]);
    await store.list('shop', { limit: 2 });
    await store.list('shop', { limit: 3, customerId: 'cus_42' });
    await store.list('shop', { limit: 3, before });
    expect(asked).toEqual([
      {
        name: 'list_orders_status_customer_id_before',
        values: ['shop', 2, 'paid', 'cus_42', 7, 'other'],
        deadline: soon,
      },
      { name: 'list_orders', values: ['shop', 2], deadline: undefined },
      { name: 'list_orders_customer_id', values: ['shop', 3, 'cus_42'], deadline: undefined },
      { name: 'list_orders_before', values: ['shop', 3, 7, 'other'], deadline: undefined },
    ]);
  });

  test('the backlog is the sum over clients, with the age of the oldest order', async () => {
    const { store, asked } = storeOver([
      { client_id: 'shop', pending: 3, age: '500' },
      { client_id: 'pos', pending: 4, age: '7000' },
    ]);
    expect(await store.backlog()).toEqual({
      pending: 7,
      byClient: new Map([
        ['shop', 3],
        ['pos', 4],
      ]),
      age: 7000,
    });
    expect(asked[0]).toMatchObject({ name: 'count_backlog' });
  });
});

describe('orders that are taken', () => {
  test.each<[DueOrders, string, unknown[]]>([
    ['answered', 'take_due_orders', [10, 9000]],
    ['answered_in_turn', 'take_due_orders_in_turn', [10, 9000]],
    ['unanswered', 'take_unanswered_orders', [10, 9000, false]],
    ['any', 'take_unanswered_orders', [10, 9000, true]],
    ['fresh', 'take_fresh_orders', [10, 9000]],
  ])('due orders of the kind %s are leased by the statement %s', async (which, name, values) => {
    const { store, asked } = storeOver([leasedRow]);
    expect(await store.takeDue(which, 10, 9000)).toEqual([leased]);
    expect(asked).toEqual([{ name, values, deadline: undefined }]);
  });

  test('an order is taken to cancel it, and may have no history and no trace', async () => {
    const plain = {
      ...leasedRow,
      cancelling: true,
      refusals: 0,
      refusal_code: null,
      unanswered: 0,
      traceparent: null,
    };
    const { store, asked } = storeOver([plain]);
    expect(await store.takeToCancel('shop', id, 5000, soon)).toEqual({
      ...leased,
      cancelling: true,
      history: { refusals: 0, refusalCode: undefined, unanswered: 0 },
      traceparent: undefined,
    });
    expect(asked).toEqual([{ name: 'take_order', values: ['shop', id, 5000], deadline: soon }]);
    expect(await store.takeToCancel('shop', id, 5000)).toBeUndefined();
  });
});

const request = {
  customerId: 'cus_42',
  currency: 'EUR',
  items: row.items,
  paymentToken: 'tok_visa',
} as const;
const fresh = newOrder({ clientId: 'shop', idempotencyKey: 'key-1', request }, '00-trace');
const accepting = { lease: 5000, accept: true, deadline: noDeadline };
const taken = { id, request_hash: fresh.requestHash, created_at: '0', in_flight: false };

describe('orders that are placed', () => {
  test('a new order is leased to its request', async () => {
    const { store, asked } = storeOver([{ created_at: row.created_at }]);
    const placed = await store.place(fresh, accepting);
    expect(placed).toEqual({
      kind: 'placed',
      leased: {
        order: { ...order, id: fresh.id, updatedAt: createdAt },
        paymentToken: 'tok_visa',
        age: 0,
        cancelling: false,
        history: { refusals: 0, refusalCode: undefined, unanswered: 0 },
        fencingToken: 1,
        traceparent: '00-trace',
      },
    });
    expect(asked.map(({ name }) => name)).toEqual(['place_order']);
  });

  test('a key in quotes is looked up under its former name first', async () => {
    const quoted = { ...fresh, formerKey: '"key-1"' };
    const known = storeOver([taken]);
    expect(await known.store.place(quoted, accepting)).toEqual({
      kind: 'existing',
      id,
      sameRequest: true,
      inFlight: false,
    });
    expect(known.asked).toEqual([
      { name: 'find_order_by_key', values: [fresh.id, 'shop', '"key-1"'], deadline: noDeadline },
    ]);
    const unheard = storeOver([], [{ created_at: row.created_at }]);
    expect(await unheard.store.place(quoted, accepting)).toMatchObject({ kind: 'placed' });
  });

  test.each([
    ['key-1', 'key-1'],
    [undefined, null],
  ])('a conflict is looked up by the id and the key %s', async (idempotencyKey, value) => {
    const { store, asked } = storeOver([], [taken]);
    await store.place({ ...fresh, idempotencyKey }, accepting);
    expect(asked[1]).toEqual({
      name: 'find_order_by_key',
      values: [fresh.id, 'shop', value],
      deadline: noDeadline,
    });
  });

  test('a failure to look up a conflict is passed on, and a deadline is not taken for a failure to store', async () => {
    const lost = new ServiceError('database_unavailable', 'The connection is lost.');
    await expect(storeOver([], lost).store.place(fresh, accepting)).rejects.toBe(lost);
    const defect = Object.assign(new Error('defect'), { code: 'deadline_exceeded' });
    await expect(storeOver([], defect).store.place(fresh, accepting)).rejects.toBe(defect);
    const cut = new ServiceError('deadline_exceeded', 'No time is left.');
    await expect(storeOver([], cut).store.place(fresh, accepting)).rejects.toThrow(
      'There was no time to find out',
    );
  });
});

describe('orders whose round ends', () => {
  const held = { ...leased, order: { ...order, status: 'pending' } } as Parameters<
    ReturnType<typeof createOrderStore>['settle']
  >[0];

  test('an order is settled by its holder', async () => {
    const { store, asked } = storeOver([{ updated_at: row.created_at }]);
    expect(await store.settle(held, { status: 'paid', paymentId: 'ch_1' })).toEqual({
      order: { ...order, status: 'paid', paymentId: 'ch_1', updatedAt: createdAt },
      settledHere: true,
    });
    expect(asked.map(({ name }) => name)).toEqual(['settle_order']);
  });

  test('an order is released with the history that it had, or a new one', async () => {
    const { store, asked } = storeOver([{ updated_at: row.created_at }], [{ updated_at: row.created_at }]);
    expect(await store.release(held, 250)).toEqual({
      order: { ...order, updatedAt: createdAt },
      settledHere: false,
    });
    await store.release(held, 250, { refusals: 0, refusalCode: undefined, unanswered: 3 });
    expect(asked.map(({ values }) => values.slice(2))).toEqual([
      [250, 1, 'amount_too_small', 2],
      [250, 0, null, 3],
    ]);
  });

  test.each([
    ['pending', 3, false],
    ['pending', 4, false],
    ['cancelled', 3, true],
    ['cancelled', 4, false],
  ])('an order that could not be released is read: %s in round %i', async (status, round, settledHere) => {
    const { store, asked } = storeOver([], [{ ...row, status, round }]);
    expect(await store.release(held, 0)).toEqual({ order: { ...order, status }, settledHere });
    expect(asked[1]).toMatchObject({ name: 'find_current_state', values: [id] });
  });
});
