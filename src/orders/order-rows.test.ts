import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { integerOf, timeOf } from './order-rows.ts';

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
    expect(() => integerOf(text)).toThrow(RangeError);
  },
);

test('a time is read to the millisecond', () => {
  expect(timeOf('1795512345678').toISOString()).toBe('2026-11-24T09:25:45.678Z');
});
