import { describe, expect, test } from 'vitest';
import { newOrder } from './order.ts';
import type { Settlement } from './order-state.ts';
import { outcomeRows, type PlacedOrder, placedRows, type RecordedOutcome } from './order-writes.ts';

// A row of a shared statement is a JSON object, and Postgres reads a member that has no column as if it were not there.
// What the statements do with the values is tested against Postgres, in test/resilience/order-batches.test.ts.

const full: PlacedOrder = {
  lease: 5000,
  order: newOrder(
    {
      clientId: 'shop',
      idempotencyKey: 'key-1',
      request: {
        customerId: 'cus_42',
        currency: 'EUR',
        items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
        paymentToken: 'tok_visa',
      },
    },
    '00-trace',
  ),
};
const bare: PlacedOrder = {
  ...full,
  order: { ...full.order, idempotencyKey: undefined, traceparent: undefined },
};
const leased = { order: { id: full.order.id }, fencingToken: 3 } as RecordedOutcome['leased'];
const released: RecordedOutcome = {
  leased,
  wait: 250,
  history: { refusals: 1, refusalCode: 'amount_too_small', unanswered: 2 },
};
const releasedAtOnce: RecordedOutcome = {
  leased,
  wait: 0,
  history: { refusals: 0, refusalCode: undefined, unanswered: 0 },
};
const settledAs = (settlement: Settlement): RecordedOutcome => ({ leased, settlement });

/** The value for each column that a statement of one row inserts, sets or compares. */
function byColumn(text: string, values: readonly unknown[]): Record<string, unknown> {
  const [, columns = '', inserted = ''] = /\(([^)]*)\)\s+VALUES \((.*)\)\s+ON/.exec(text) ?? [];
  const names = columns.split(/,\s*/);
  const pairs =
    columns === ''
      ? [...text.matchAll(/(\w+) = (?:now\(\) \+ )?\$(\d+)/g)].map(([, name, parameter]) => [name, parameter])
      : inserted.split(/,\s*/).map((value, index) => [names[index], /\$(\d+)/.exec(value)?.[1]]);
  return Object.fromEntries(
    pairs
      .filter(([, parameter]) => parameter)
      .map(([name, parameter]) => [name, values[Number(parameter) - 1]]),
  );
}

/** The columns of the record set that a shared statement reads. */
function recordColumns(text: string): string[] {
  const [, columns = ''] = /jsonb_to_recordset\(\$1\) AS (?:\w+ )?\(([^)]*)\)/.exec(text) ?? [];
  return columns.split(/,\s*/).map((column) => column.trim().split(' ')[0] ?? '');
}

const asSent = (row: object) => JSON.parse(JSON.stringify(row)) as Record<string, unknown>;

describe('a new order', () => {
  test.each([full, bare])('a new order is written alone and together with the same values', (placed) => {
    const { name, text } = placedRows.alone(placed);
    expect(name).toBe('place_order');
    const { due_at: lease, request_hash: hash, items, ...alone } = byColumn(text, placedRows.values(placed));
    const together = asSent(placedRows.row(placed));
    expect({ idempotency_key: null, traceparent: null, ...together }).toEqual({
      ...alone,
      lease,
      request_hash: (hash as Buffer).toString('hex'),
      items: JSON.parse(items as string) as unknown,
    });
    expect(alone).toMatchObject({ id: full.order.id, client_id: 'shop', total_minor: 900, currency: 'EUR' });
    expect(lease).toBe(5000);
    expect(placedRows.id(placed)).toBe(full.order.id);
  });

  test('a new order has a member for every column of the record set, and no other', () => {
    expect(Object.keys(asSent(placedRows.row(full))).toSorted()).toEqual(
      recordColumns(placedRows.together.text).toSorted(),
    );
  });

  test('a new order is waited for when its key is locked, because nobody else would store it', () => {
    expect(placedRows.skipsLocked).toBe(false);
  });
});

describe('the outcome of a round', () => {
  test.each([
    ['paid', settledAs({ status: 'paid', paymentId: 'ch_1' }), { status: 'paid', payment_id: 'ch_1' }],
    [
      'declined',
      settledAs({ status: 'declined', declineCode: 'x' }),
      { status: 'declined', decline_code: 'x' },
    ],
    ['refused', settledAs({ status: 'refused', refusalCode: 'y' }), { status: 'refused', refusal_code: 'y' }],
    ['cancelled', settledAs({ status: 'cancelled' }), { status: 'cancelled' }],
  ])('the outcome %s is written alone and together with the same values', (_status, outcome, columns) => {
    const { name, text } = outcomeRows.alone(outcome);
    expect(name).toBe('settle_order');
    const none = { payment_id: null, decline_code: null, refusal_code: null };
    const expected = { id: full.order.id, round: 3, ...none, ...columns };
    expect(byColumn(text, outcomeRows.values(outcome))).toEqual(expected);
    expect(asSent(outcomeRows.row(outcome))).toEqual({ ...expected, is_given: 1 });
    expect(outcomeRows.id(outcome)).toBe(full.order.id);
  });

  test.each([released, releasedAtOnce])(
    'an order that stays pending is written alone and together with the same values',
    (outcome) => {
      const { name, text } = outcomeRows.alone(outcome);
      expect(name).toBe('release_order');
      const { due_at: wait, ...alone } = byColumn(text, outcomeRows.values(outcome));
      expect(alone).toMatchObject({ id: full.order.id, round: 3 });
      expect({ refusal_code: null, ...asSent(outcomeRows.row(outcome)) }).toEqual({
        ...alone,
        wait,
        status: 'pending',
        is_given: 1,
      });
    },
  );

  test('an outcome has only members that are columns of the record set', () => {
    const columns = recordColumns(outcomeRows.together.text);
    for (const outcome of [released, settledAs({ status: 'paid', paymentId: 'ch_1' })]) {
      expect(columns).toEqual(expect.arrayContaining(Object.keys(asSent(outcomeRows.row(outcome)))));
    }
  });

  test('an outcome is left out when its order is locked, and then written alone', () => {
    expect(outcomeRows.skipsLocked).toBe(true);
  });
});
