/**
 * Finds card numbers in a text by four marks, because an identifier or a timestamp easily has two or three of them: the
 * prefix of an issuer, a length that this issuer uses, groups as cards and forms have them, and the check digit.
 */

/** @returns the text with each card number replaced */
export function maskCardNumbers(text: string): string {
  // Most texts hold no long run of digits, and a test costs less than a replacement.
  return manyDigits.test(text) ? text.replaceAll(identifierOrRun, maskIfRun) : text;
}

/** Whether a text is one as a whole, or a number of a log field or an attribute. Integers have 16 digits at most. */
export function isCardNumber(value: string | number | bigint): boolean {
  const isLong = typeof value === 'string' ? manyDigits.test(value) : value > 999_999_999_999;
  return isLong && maskCardNumbers(String(value)) === mask;
}

const mask = '[card number]';

/** Space, no-break space, dashes, and what stands for a space in a URL or an identifier. */
const separators = String.raw`[ \u00A0\t.+_\u2010-\u2013-]`;
const manyDigits = new RegExp(String.raw`\d(?:${separators}{0,3}\d){12}`);
/**
 * Identifiers stay as they are, digits or not: a UUID, and the ids of a trace and its span as `traceparent` and B3 join
 * them. The other alternative is a run of digits and separators.
 */
const identifierOrRun = new RegExp(
  String.raw`(?<![\da-z])(?:[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}|(?:[\da-f]{2}-)?[\da-f]{32}(?:-[\da-f]{16}(?:-[01d]-[\da-f]{16})?)?)(?![\da-z])` +
    String.raw`|(?<run>\d(?:${separators}{0,3}\d){12,})`,
  'gi',
);
const betweenGroups = new RegExp(`(${separators}+)`);

/** Digits in the longest card number (ISO/IEC 7812-1). */
const longest = 19;

/**
 * Prefixes with the lengths that occur, from the table of issuer identification numbers. Not here: Maestro numbers of 12
 * digits, which are no longer issued and look like any telephone number, and prefix 1946 of GPN, which times in
 * microseconds have in the year 2031.
 *
 * @see https://en.wikipedia.org/wiki/Payment_card_number#Issuer_identification_number_(IIN)
 */
const issuers = [
  // Visa, V Pay, Dankort.
  { prefix: /^4/, lengths: [13, 19] },
  // Mastercard.
  { prefix: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16, 16] },
  // American Express.
  { prefix: /^3[47]/, lengths: [15, 15] },
  // Diners Club, JCB, T-Union.
  { prefix: /^3[0689]/, lengths: [14, 19] },
  { prefix: /^35(?:2[89]|[3-8])/, lengths: [16, 19] },
  { prefix: /^31/, lengths: [19, 19] },
  // Maestro, and within its ranges UnionPay, Discover, RuPay, Verve, InterPayment, InstaPayment, Troy and UkrCard.
  { prefix: /^(?:50|5[6-9]|6)/, lengths: [13, 19] },
  // Mir, BORICA.
  { prefix: /^220[0-5]/, lengths: [16, 19] },
  // RuPay, UzCard, Napas, Troy, Humo.
  { prefix: /^(?:8[12]|8600|9704|9792|9860)/, lengths: [16, 19] },
  // UATP.
  { prefix: /^1/, lengths: [15, 15] },
] as const;

/**
 * Sizes of the groups, besides one group, and groups of four with a rest.
 *
 * @see https://baymard.com/checkout-usability/credit-card-patterns
 */
const groupings: ReadonlySet<string> = new Set([
  // Visa of 13 digits, Maestro, American Express and Maestro, UATP, Diners Club, UnionPay.
  '4 3 3 3',
  '4 4 5',
  '4 6 5',
  '4 5 6',
  '4 6 4',
  '6 13',
]);
const foursWithRest = /^(?:4 ){3,4}[1-4]$/;

function maskIfRun(found: string, run: string | undefined, offset: number, text: string): string {
  return run === undefined ? found : maskRun(run, offset, text);
}

/** @param run digits and separators, from a digit to a digit */
function maskRun(run: string, offset: number, text: string): string {
  // Every second part is a separator.
  const parts = run.split(betweenGroups);
  const groups = parts.filter((_part, index) => index % 2 === 0);
  const isPart = partOfWord(run, offset, text);
  const first = isPart.start ? 1 : 0;
  const end = isPart.end ? groups.length - 1 : groups.length;
  const masked = new Set<number>();
  for (let start = first; start < end; start += 1) {
    const last = lastGroupOfCard(groups, start, end);
    for (let index = start; index <= last; index += 1) masked.add(index);
  }
  if (masked.size === 0) return run;
  return groups
    .map((group, index) => {
      const gap = parts[index * 2 - 1] ?? '';
      if (!masked.has(index)) return gap + group;
      return masked.has(index - 1) ? '' : gap + mask;
    })
    .join('');
}

/** The last group of the longest card number that starts with the group `start`; -1 if none does. */
function lastGroupOfCard(groups: readonly string[], start: number, end: number): number {
  let digits = '';
  let sizes = '';
  let found = -1;
  for (let last = start; last < end; last += 1) {
    const group = groups[last] ?? '';
    digits += group;
    if (digits.length > longest) break;
    sizes += last === start ? group.length : ` ${group.length}`;
    const isGrouped = last === start || groupings.has(sizes) || foursWithRest.test(sizes);
    if (isGrouped && isIssued(digits) && passesLuhn(digits)) found = last;
  }
  return found;
}

/**
 * Whether the first and the last group of a run belong to a word or to a group of hexadecimal digits. A word in front
 * (`card4111…`) or behind does not hide a number, letters on both sides do.
 */
function partOfWord(run: string, offset: number, text: string): { start: boolean; end: boolean } {
  const behind = offset + run.length;
  // The track of a magnetic stripe starts with `%B` (ISO/IEC 7813).
  const before = /(?:%b|[a-z\d]*)$/i.exec(text.slice(Math.max(0, offset - longestWord), offset))?.[0] ?? '';
  const after = /^[a-z\d]*/i.exec(text.slice(behind, behind + longestWord))?.[0] ?? '';
  if (betweenGroups.test(run)) return { start: isHex(before), end: isHex(after) };
  const isInside = (before !== '' && after !== '') || isHex(before + after);
  return { start: isInside, end: isInside };
}

/** Characters of a word that are looked at. A longer one is no identifier. */
const longestWord = 64;

function isHex(word: string): boolean {
  return word !== '' && /^[\da-f]+$/i.test(word);
}

function isIssued(digits: string): boolean {
  const { length } = digits;
  return issuers.some(({ prefix, lengths: [least, most] }) => {
    return length >= least && length <= most && prefix.test(digits);
  });
}

/** Nine of ten other numbers fail this check. @see https://en.wikipedia.org/wiki/Luhn_algorithm */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = digit * 2;
    sum += index % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
