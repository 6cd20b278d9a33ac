import { data as iso4217 } from 'currency-codes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { currencies, minorUnitDecimals } from '../../src/orders/currency.ts';
import { money, wholeUnits } from './money.ts';

test.each([
  [450, 'EUR', '€4.50'],
  [0, 'USD', '$0.00'],
  [1, 'GBP', '£0.01'],
  [450, 'JPY', '¥450'],
  [450, 'KWD', 'KWD 0.450'],
  // People write these without decimals. Their minor unit is a hundredth, or a thousandth for IQD.
  [150_000, 'HUF', 'HUF 1,500.00'],
  [2_500_000, 'IDR', 'IDR 25,000.00'],
  [123_456, 'IQD', 'IQD 123.456'],
  [9_007_199_254_740_991, 'EUR', '€90,071,992,547,409.91'],
])('%i minor units of %s are shown as %s', (minor, currency, shown) => {
  expect(plain(money(minor, currency))).toBe(shown);
});

test('every currency is shown with the decimals of its minor unit in ISO 4217', () => {
  const decimalsOf = new Map(iso4217.map(({ code, digits }) => [code, digits]));
  const wrong = currencies.filter((currency) => {
    const [, fraction = ''] = /\.(\d+)$/.exec(money(123_456_789, currency)) ?? [];
    // Newer than the package: the Caribbean guilder has 2 decimals.
    return fraction.length !== (decimalsOf.get(currency) ?? 2);
  });
  expect(wrong).toEqual([]);
});

test.each([
  [99_999, 'EUR', '€999.99'],
  [900_300, 'EUR', '€9,003'],
  [9_999_949, 'EUR', '€99,999'],
  [12_345_678, 'EUR', '€123K'],
  [123_456_789, 'EUR', '€1.23M'],
  [123_456_789, 'HUF', 'HUF 1.23M'],
  [123_456_789, 'JPY', '¥123M'],
  [1_234_567, 'KWD', 'KWD 1,235'],
])('%i minor units of %s are abbreviated to %s', (minor, currency, shown) => {
  expect(plain(money(minor, currency, true))).toBe(shown);
});

test('every amount in every currency is written as by Intl, which has the symbols of the Unicode CLDR', () => {
  fc.assert(
    fc.property(fc.constantFrom(...currencies), fc.maxSafeNat(), (currency, minor) => {
      const decimals = minorUnitDecimals(currency) ?? 0;
      const exact = new Intl.NumberFormat('en', {
        style: 'currency',
        currency,
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      });
      expect(money(minor, currency)).toBe(exact.format(`${minor}e-${decimals}` as `${number}`));
    }),
  );
});

test('every symbol is that of the Unicode CLDR', () => {
  const symbolsOf = (currency: string) =>
    new Intl.NumberFormat('en', { style: 'currency', currency }).formatToParts(1);
  const shown = currencies.map((currency) => money(1, currency).replace(/[\d.]+$/, ''));
  expect(shown).toEqual(
    currencies.map((currency) => {
      const parts = symbolsOf(currency);
      return parts
        .slice(
          0,
          parts.findIndex(({ type }) => type === 'integer'),
        )
        .map(({ value }) => value)
        .join('');
    }),
  );
});

test('every large amount is abbreviated as by Intl', () => {
  // More is written as `1000T`, or with a comma, depending on the version of Intl.
  const units = fc.integer({ min: 100_000, max: 999_000_000_000_000 });
  fc.assert(
    fc.property(units, (amount) => {
      const compact = new Intl.NumberFormat('en', {
        style: 'currency',
        currency: 'JPY',
        notation: 'compact',
        maximumSignificantDigits: 3,
      });
      expect(money(amount, 'JPY', true)).toBe(compact.format(amount));
    }),
  );
});

test('an amount in an unknown currency is shown as it is', () => {
  expect(money(450, 'TEA')).toBe('450 minor units of TEA');
  expect(money(450, '')).toBe('450 minor units of ');
});

test('amounts are compared by whole units', () => {
  expect([wholeUnits(450, 'EUR'), wholeUnits(450, 'JPY'), wholeUnits(450, 'KWD')]).toEqual([4.5, 450, 0.45]);
});

/** Intl writes a no-break space after a code. */
const plain = (text: string) => text.replaceAll('\u{a0}', ' ');
