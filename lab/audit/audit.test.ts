import { describe, expect, test } from 'vitest';
import type { LedgerRecord } from '../simulator/ledger.ts';
import { audit, type Books, type StoredOrder, type FinalAnswer } from './audit.ts';

const answer: FinalAnswer = {
  clientId: 'shop',
  idempotencyKey: 'key-1',
  orderId: 'order-1',
  status: 'paid',
  amountMinor: 900,
  currency: 'EUR',
};
const order: StoredOrder = {
  id: 'order-1',
  client_id: 'shop',
  idempotency_key: 'key-1',
  status: 'paid',
  total_minor: 900,
  currency: 'EUR',
  payment_id: 'ch_1',
  overdue: false,
};
const charge: LedgerRecord = {
  key: 'order-1',
  status: 'succeeded',
  chargeId: 'ch_1',
  amountMinor: 900,
  currency: 'EUR',
  reference: 'order-1',
  createdAt: '2026-01-01T00:00:00.000Z',
  attempts: 1,
  captures: 1,
  requestId: null,
};

const kindsIn = (books: Partial<Books>) =>
  audit({ answers: [answer], orders: [order], ledger: [charge], ...books }).map(({ kind }) => kind);

test('the audit finds nothing in books that agree', () => {
  expect(kindsIn({})).toEqual([]);
});

test('the audit accepts any later state after the answer pending', () => {
  const pending: FinalAnswer = { ...answer, status: 'pending' };
  expect(kindsIn({ answers: [pending] })).toEqual([]);
  expect(kindsIn({ answers: [pending, answer] })).toEqual([]);
  const cancelled: StoredOrder = { ...order, status: 'cancelled', payment_id: null };
  expect(kindsIn({ answers: [pending], orders: [cancelled], ledger: [] })).toEqual([]);
});

describe('planted faults', () => {
  test('the audit finds a lost order', () => {
    expect(kindsIn({ orders: [], ledger: [] })).toEqual(['lost_order']);
  });

  test('the audit finds a lost order whose card was charged', () => {
    expect(kindsIn({ orders: [] })).toEqual(['lost_order', 'charge_without_paid_order']);
  });

  test('the audit finds an order that is not paid although the client got paid', () => {
    const declined: StoredOrder = { ...order, status: 'declined', payment_id: null };
    expect(kindsIn({ orders: [declined], ledger: [] })).toEqual(['contradicted_answer']);
  });

  test('the audit finds a double charge under one key', () => {
    expect(kindsIn({ ledger: [{ ...charge, captures: 2 }] })).toEqual(['double_charge']);
  });

  test('the audit finds a double charge under two keys', () => {
    const other: LedgerRecord = { ...charge, key: 'another', chargeId: 'ch_2' };
    expect(kindsIn({ ledger: [charge, other] })).toContain('double_charge');
  });

  test('the audit finds a wrong amount at the gateway', () => {
    expect(kindsIn({ ledger: [{ ...charge, amountMinor: 90 }] })).toEqual(['wrong_amount']);
  });

  test('the audit finds a wrong amount on disk', () => {
    expect(kindsIn({ answers: [{ ...answer, amountMinor: 901 }] })).toEqual(['wrong_amount']);
  });

  test('the audit finds a wrong currency', () => {
    expect(kindsIn({ ledger: [{ ...charge, currency: 'USD' }] })).toEqual(['wrong_amount']);
  });

  test('the audit finds a charge whose order was cancelled', () => {
    const cancelled: StoredOrder = { ...order, status: 'cancelled', payment_id: null };
    expect(kindsIn({ answers: [], orders: [cancelled] })).toEqual(['charge_without_paid_order']);
  });

  test('the audit finds a paid order without a charge', () => {
    expect(kindsIn({ ledger: [] })).toEqual(['paid_order_without_charge']);
  });

  test('the audit finds a paid order whose charge was refunded', () => {
    const refunded: LedgerRecord = {
      ...charge,
      status: 'cancelled',
      cancelledAt: '2026-01-01T00:00:01.000Z',
    };
    expect(kindsIn({ ledger: [refunded] })).toEqual(['paid_order_without_charge']);
  });

  test('the audit finds a paid order that names another payment than the captured one', () => {
    expect(kindsIn({ orders: [{ ...order, payment_id: 'ch_9' }] })).toEqual(['paid_order_without_charge']);
  });

  test('the audit finds a key with two orders on disk', () => {
    const second: StoredOrder = { ...order, id: 'order-2', status: 'pending', payment_id: null };
    expect(kindsIn({ orders: [order, second] })).toEqual(['key_with_two_orders']);
  });

  test('the audit finds a key with answers for two orders', () => {
    const second: FinalAnswer = { ...answer, orderId: 'order-2', status: 'pending' };
    expect(kindsIn({ answers: [answer, second] })).toContain('key_with_two_orders');
  });

  test('the audit finds a stuck order', () => {
    const stuck: StoredOrder = { ...order, status: 'pending', payment_id: null, overdue: true };
    expect(kindsIn({ answers: [{ ...answer, status: 'pending' }], orders: [stuck], ledger: [] })).toEqual([
      'stuck_order',
    ]);
  });
});
