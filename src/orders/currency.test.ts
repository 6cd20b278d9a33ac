import { data as iso4217 } from 'currency-codes';
import { expect, test } from 'vitest';
import { currencies, minorUnitDecimals } from './currency.ts';

/** In ISO 4217, but newer than the data that Node is built with, or not used in it: VED is VES in transfers. */
const unknownToNode = ['VED', 'XCG', 'ZWG'];

test('currency codes are three capital letters each, sorted and without duplicates', () => {
  expect(currencies.filter((code) => !/^[A-Z]{3}$/.test(code))).toEqual([]);
  expect([...new Set(currencies)].toSorted()).toEqual([...currencies]);
});

test('every currency code is known to Node, or missing in its data', () => {
  const known = new Set([...Intl.supportedValuesOf('currency'), ...unknownToNode]);
  expect(currencies.filter((code) => !known.has(code))).toEqual([]);
});

test('currency codes leave out funds, metals, test codes and historic currencies', () => {
  const listed = new Set<string>(currencies);
  const others = ['XXX', 'XTS', 'XAU', 'XAG', 'XPT', 'XPD', 'XDR', 'XUA', 'USN', 'CHE', 'CLF', 'MXV', 'BOV'];
  const past = ['DEM', 'FRF', 'HRK', 'BGN', 'ANG', 'ZWL', 'SLL', 'CUC', 'VEF', 'MRO', 'BYR'];
  expect([...others, ...past].filter((code) => listed.has(code))).toEqual([]);
});

/** What has changed since 2024-06-25, the date of the package's copy of list one. */
const amendments = {
  // Amendment 176: Caribbean guilder, from 2025-03-31, with 2 decimals.
  added: { XCG: 2 },
  // Croatia, Bulgaria (from 2026-01-01), the Antilles and Cuba have withdrawn theirs.
  withdrawn: ['HRK', 'BGN', 'ANG', 'CUC'],
};

/** Funds, units of account, metals, and the codes for tests and for no currency. */
const notMoney = /^(BOV|CH[EW]|CLF|COU|MXV|USN|UY[IW]|X(AG|AU|B[A-D]|DR|PD|PT|SU|TS|UA|XX))$/;

test('currencies and their minor units are those of ISO 4217 list one', () => {
  const published = iso4217
    .filter(({ code }) => !notMoney.test(code) && !amendments.withdrawn.includes(code))
    .map(({ code, digits }) => [code, digits] as const);
  const listOne = Object.fromEntries([...published, ...Object.entries(amendments.added)]);
  expect(Object.fromEntries(currencies.map((code) => [code, minorUnitDecimals(code)]))).toEqual(listOne);
});

test('a code that is no currency has no minor unit', () => {
  expect([minorUnitDecimals('XXX'), minorUnitDecimals('TEA'), minorUnitDecimals('')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
