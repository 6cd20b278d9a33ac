import fc from 'fast-check';

interface Brand {
  name: string;
  /** First and last prefix of each range. */
  prefixes: ReadonlyArray<readonly [from: string, to: string]>;
  lengths: readonly number[];
}

const only = (...prefixes: string[]) => prefixes.map((prefix) => [prefix, prefix] as const);
const upTo19 = (least: number) => Array.from({ length: 20 - least }, (_, index) => least + index);

/**
 * The brands with their prefixes and lengths. Maestro numbers of 12 digits and GPN's prefix 1946 are left out, see
 * `src/privacy/card-numbers.ts`.
 *
 * @see https://en.wikipedia.org/wiki/Payment_card_number#Issuer_identification_number_(IIN)
 */
export const brands: readonly Brand[] = [
  { name: 'American Express', prefixes: only('34', '37'), lengths: [15] },
  { name: 'BORICA', prefixes: only('2205'), lengths: [16] },
  { name: 'China T-Union', prefixes: only('31'), lengths: [19] },
  { name: 'China UnionPay', prefixes: only('62'), lengths: upTo19(16) },
  { name: 'Dankort', prefixes: only('5019', '4571'), lengths: [16] },
  { name: 'Diners Club', prefixes: only('30', '36', '38', '39'), lengths: upTo19(14) },
  {
    name: 'Discover',
    prefixes: [...only('6011', '65'), ['644', '649'], ['622126', '622925']],
    lengths: upTo19(16),
  },
  { name: 'GPN', prefixes: [...only('50', '56', '58'), ['60', '63']], lengths: [16, 18, 19] },
  { name: 'Humo', prefixes: only('9860'), lengths: [16] },
  { name: 'InstaPayment', prefixes: [['637', '639']], lengths: [16] },
  { name: 'InterPayment', prefixes: only('636'), lengths: upTo19(16) },
  { name: 'JCB', prefixes: [['3528', '3589']], lengths: upTo19(16) },
  { name: 'LankaPay', prefixes: only('357111'), lengths: [16] },
  {
    name: 'Maestro',
    prefixes: only(
      '5018',
      '5020',
      '5038',
      '5893',
      '6304',
      '6759',
      '6761',
      '6762',
      '6763',
      '676770',
      '676774',
    ),
    lengths: upTo19(13),
  },
  {
    name: 'Mastercard',
    prefixes: [
      ['51', '55'],
      ['2221', '2720'],
    ],
    lengths: [16],
  },
  { name: 'Mir', prefixes: [['2200', '2204']], lengths: upTo19(16) },
  { name: 'Napas', prefixes: only('9704'), lengths: [16, 19] },
  { name: 'RuPay', prefixes: only('60', '65', '81', '82', '508', '353', '356'), lengths: [16] },
  { name: 'Troy', prefixes: only('65', '9792'), lengths: [16] },
  { name: 'UATP', prefixes: only('1'), lengths: [15] },
  { name: 'UkrCard', prefixes: [['60400100', '60420099']], lengths: upTo19(16) },
  { name: 'UzCard', prefixes: only('8600', '5614'), lengths: [16] },
  {
    name: 'Verve',
    prefixes: [
      ['506099', '506198'],
      ['507865', '507964'],
      ['650002', '650027'],
    ],
    lengths: [16, 18, 19],
  },
  { name: 'Visa', prefixes: only('4'), lengths: upTo19(13) },
];

/** Groups of four with a rest, and the others that cards have. @see https://baymard.com/checkout-usability/credit-card-patterns */
function groupingsOf(length: number): number[][] {
  const fours = [...Array<number>(Math.floor(length / 4)).fill(4), ...(length % 4 === 0 ? [] : [length % 4])];
  const others: Record<number, number[][]> = {
    13: [
      [4, 4, 5],
      [4, 3, 3, 3],
    ],
    14: [[4, 6, 4]],
    15: [
      [4, 6, 5],
      [4, 5, 6],
    ],
    19: [[6, 13]],
  };
  return [[length], fours, ...(others[length] ?? [])];
}

export interface WrittenCard {
  brand: string;
  digits: string;
  /** The number in its groups, with one separator between them. */
  written: string;
}

/** A valid card number of any brand, as somebody may write it. */
export function writtenCards(
  separators = [' ', '-', '.', '_', '+', '\u{A0}', '–', '‑'],
): fc.Arbitrary<WrittenCard> {
  return fc
    .constantFrom(...brands)
    .chain((brand) =>
      fc.record({
        brand: fc.constant(brand.name),
        range: fc.constantFrom(...brand.prefixes),
        length: fc.constantFrom(...brand.lengths),
        position: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        rest: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 18, maxLength: 18 }),
        grouping: fc.nat(),
        separator: fc.constantFrom(...separators),
      }),
    )
    .map(({ brand, range: [from, to], length, position, rest, grouping, separator }) => {
      const prefix = String(Number(from) + Math.floor(position * (Number(to) - Number(from) + 1)));
      const digits = withCheckDigit((prefix + rest.join('')).slice(0, length - 1));
      const groupings = groupingsOf(length);
      let at = 0;
      const written = (groupings[grouping % groupings.length] ?? [])
        .map((size) => digits.slice(at, (at += size)))
        .join(separator);
      return { brand, digits, written };
    });
}

/** Appends the digit that makes the number pass the Luhn check: a second implementation, as the oracle. */
function withCheckDigit(start: string): string {
  const doubled = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
  const sum = start
    .split('')
    .toReversed()
    .map(Number)
    .reduce((total, digit, index) => total + (index % 2 === 0 ? (doubled[digit] ?? 0) : digit), 0);
  return `${start}${(10 - (sum % 10)) % 10}`;
}
