import { expect, test } from 'vitest';
import { audit, type Books, type StoredBooking } from './books.ts';
import type { Reply } from './callers.ts';

const reply: Reply = { key: 'k-1', sentAt: 0, duration: 1, status: 201, id: 'b-1' };
const booking: StoredBooking = { id: 'b-1', key: 'k-1', status: 'confirmed', confirmationId: 'c-1' };
const books: Books = { replies: [reply], bookings: [booking], confirmations: { 'b-1': 'c-1' } };
const undecided: StoredBooking = { ...booking, status: 'pending', confirmationId: null };

test('the audit finds nothing in books that agree', () => {
  expect(audit(books)).toEqual([]);
});

test.each<[string, Partial<Books>, string]>([
  ['a lost booking', { bookings: [], confirmations: {} }, 'is not stored'],
  ['a booking under another key', { replies: [{ ...reply, key: 'k-2' }] }, 'is not stored'],
  ['a contradicted answer', { bookings: [undecided], confirmations: {} }, 'and is pending'],
  ['a key with two bookings', { bookings: [booking, { ...undecided, id: 'b-2' }] }, 'k-1 has 2'],
  ['a booking without a confirmation', { confirmations: {} }, 'says nothing'],
  ['a second confirmation', { confirmations: { 'b-1': 'c-1', 'b-2': 'c-2' } }, 'has confirmed b-2'],
])('the audit finds %s', (_what, planted, finding) => {
  expect(audit({ ...books, ...planted }).join()).toContain(finding);
});
