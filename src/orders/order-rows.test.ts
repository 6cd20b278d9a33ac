import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { integerOf, type StateRow, stateOf, timeOf } from './order-rows.ts';

test('an integer is read exactly, to the largest that a number holds', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (integer) => {
      expect(integerOf(String(integer))).toBe(integer === 0 ? 0 : integer);
    }),
  );
  expect(integerOf('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
});

test.each(['9007199254740993', '1.2346e+08', '900.0', '', ' 900', '0x10', 'NaN', 'Infinity'])(
  'the text %j is refused rather than read as another amount',
  (text) => {
    expect(() => integerOf(text)).toThrow(new RangeError(`${text} is not an integer below 2^53`));
  },
);

test('a time is read to the millisecond', () => {
  expect(timeOf('1795512345678').toISOString()).toBe('2026-11-24T09:25:45.678Z');
});

const row: StateRow = {
  id: 'order-1',
  status: 'pending',
  payment_id: null,
  decline_code: null,
  refusal_code: null,
  updated_at: '0',
};

test.each<[Partial<StateRow>, object]>([
  [{}, { status: 'pending' }],
  // What an earlier round has shown.
  [{ refusal_code: 'too_small' }, { status: 'pending' }],
  [
    { status: 'paid', payment_id: 'ch_1' },
    { status: 'paid', paymentId: 'ch_1' },
  ],
  [
    { status: 'declined', decline_code: 'no_funds' },
    { status: 'declined', declineCode: 'no_funds' },
  ],
  [
    { status: 'refused', refusal_code: 'too_small' },
    { status: 'refused', refusalCode: 'too_small' },
  ],
  [{ status: 'cancelled' }, { status: 'cancelled' }],
])('a row with %o is in the state %o', (columns, state) => {
  expect(stateOf({ ...row, ...columns })).toEqual(state);
});

test.each(['paid', 'declined', 'refused'] as const)(
  'a row that is %s without the column of that state is a defect',
  (status) => {
    expect(() => stateOf({ ...row, status })).toThrow(
      `order order-1 is ${status} without the column of that state`,
    );
  },
);
