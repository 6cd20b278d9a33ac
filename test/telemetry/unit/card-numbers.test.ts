import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isCardNumber } from '../../../src/privacy/card-numbers.ts';
import { scrub } from '../../../src/privacy/scrub.ts';
import { brands, writtenCards } from '../../support/generators/card-numbers.ts';
import { identifiers } from '../../support/generators/identifiers.ts';

/** A million in all. */
const perKind = Math.ceil(1_000_000 / identifiers.length);

test.each(identifiers)('scrub leaves every $kind as it is', ({ make }) => {
  const touched: string[] = [];
  for (let count = 0; count < perKind; count += 1) {
    const id = make();
    if (scrub(id) !== id) touched.push(id);
  }
  expect(touched).toEqual([]);
});

/** What may stand next to a number without being a part of the same word. */
const beside = fc
  .string({ maxLength: 20 })
  .filter((text) => !/\d|[a-z][^a-z]*$|^[^a-z]*[a-z]|%|@/i.test(text));
const word = fc.constantFrom('card', 'PAN ', 'n°', 'order 7 ', 'number="', '/cards/', 'карта', '卡号');

test('scrub finds a card number of every brand in every grouping', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.oneof(beside, word), writtenCards(), beside, (before, { brand, written }, after) => {
      seen.add(brand);
      expect(scrub(`${before}${written}${after}`)).toBe(`${before}[card number]${after}`);
    }),
    { numRuns: 4000 },
  );
  expect(seen.size).toBe(brands.length);
});

test('scrub finds a card number that is percent-encoded', () => {
  fc.assert(
    fc.property(writtenCards([' ', '-', '+']), ({ written }) => {
      expect(scrub(`/cards/${encodeURIComponent(written)}`)).toBe('/cards/[card number]');
      const escaped = written.replaceAll(/./g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
      expect(scrub(`/cards/${escaped}`)).toBe('/cards/[card number]');
    }),
    { numRuns: 500 },
  );
});

test('a number that is a card number is recognized, and a time is not', () => {
  fc.assert(
    fc.property(writtenCards(), ({ digits }) => {
      expect(isCardNumber(BigInt(digits))).toBe(true);
    }),
  );
  expect(isCardNumber(4_111_111_111_111_111)).toBe(true);
  expect(isCardNumber(4_111_111_111_111_112)).toBe(false);
  expect(isCardNumber(Date.now())).toBe(false);
  expect(isCardNumber(-4_111_111_111_111_111)).toBe(false);
});

test.each([
  ['card4111111111111111', 'card[card number]'],
  ['card_4111111111111111_x', 'card_[card number]_x'],
  ['%B4111111111111111^DOE/JANE^2912', '%B[card number]^DOE/JANE^2912'],
  [';4111111111111111=2912101', ';[card number]=2912101'],
  ['4111 1111 1111 1111 12/29 123', '[card number] 12/29 123'],
  ['4111 1111 1111 1111 3782 822463 10005', '[card number]'],
])('scrub masks the number alone in "%s"', (text, clean) => {
  expect(scrub(text)).toBe(clean);
});

test.each([
  // The issuer is unknown.
  '7111111111111119 units',
  // These groups are none of a card.
  '41111-1111-1111-111',
  '4111111-111111111',
  // Inside a word, and inside hexadecimal digits.
  'id4111111111111111x',
  'a4111111111111111',
  '01a21df6-7f64-73af-a123456789012345c',
])('scrub leaves "%s" unchanged', (text) => {
  expect(scrub(text)).toBe(text);
});
