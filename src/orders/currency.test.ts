import { expect, test } from 'vitest';
import { currencies } from './currency.ts';

/** In ISO 4217, but newer than the data that Node is built with. */
const newer = ['XCG', 'ZWG'];

test('currency codes are three capital letters each, sorted and without duplicates', () => {
  expect(currencies.filter((code) => !/^[A-Z]{3}$/.test(code))).toEqual([]);
  expect([...new Set(currencies)].toSorted()).toEqual([...currencies]);
});

test('every currency code is known to Node, or newer than its data', () => {
  const known = new Set([...Intl.supportedValuesOf('currency'), ...newer]);
  expect(currencies.filter((code) => !known.has(code))).toEqual([]);
});

test('currency codes leave out funds, metals, test codes and historic currencies', () => {
  const listed = new Set<string>(currencies);
  const others = ['XXX', 'XTS', 'XAU', 'XAG', 'XPT', 'XPD', 'XDR', 'XUA', 'USN', 'CHE', 'CLF', 'MXV', 'BOV'];
  const past = ['DEM', 'FRF', 'HRK', 'BGN', 'ANG', 'ZWL', 'SLL', 'CUC', 'VEF', 'MRO', 'BYR'];
  expect([...others, ...past].filter((code) => listed.has(code))).toEqual([]);
});
