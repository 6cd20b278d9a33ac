import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idempotencyKeyPattern, readIdempotencyKey } from './idempotency-key.ts';

const pattern = new RegExp(idempotencyKeyPattern);
const keyOf = (header: string) => (pattern.test(header) ? readIdempotencyKey(header).key : undefined);

describe('the idempotency key', () => {
  // RFC 9651, sections 3.3.3 (strings) and 3.1.2 (parameters); draft-ietf-httpapi-idempotency-key-header-07, section 2.
  test.each([
    ['a bare key', 'k1', 'k1'],
    ['a string', '"k1"', 'k1'],
    ['a string with a space', '"k 1"', 'k 1'],
    ['a string with escapes', String.raw`"a\"b\\c"`, String.raw`a"b\c`],
    ['a string with a parameter', '"k1";a', 'k1'],
    [
      'a string with parameters of every type',
      '"k1"; a=1;b=-1.5;c="x;y";d=tok/en;e=:aGk=:;f=?0;g=@1659578233;h=%"f%c3%bc"',
      'k1',
    ],
    ['a bare key with what looks like a parameter', 'k1;a=1', 'k1;a=1'],
    ['a bare key with quotes inside', 'a"b"', 'a"b"'],
    ['a UUID', '"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['the longest string', `"${'k'.repeat(255)}"`, 'k'.repeat(255)],
    ['the longest string, escaped', `"${String.raw`\\`.repeat(255)}"`, '\\'.repeat(255)],
  ])('the idempotency key of %s is its value', (_form, header, key) => {
    expect(keyOf(header)).toBe(key);
  });

  test.each([
    ['without a closing quote', '"k1'],
    ['without an opening quote and with a space', 'k1 "'],
    ['with text after the string', '"k1"x'],
    ['with a list', '"k1", "k2"'],
    ['with an unknown escape', String.raw`"k\1"`],
    ['that ends in an escape', String.raw`"k\"`],
    ['that is empty', '""'],
    ['that has a parameter without a name', '"k1";=1'],
    ['that has a parameter in capitals', '"k1";A=1'],
    ['that has a parameter with an invalid value', '"k1";a=b"c'],
    ['with a space before a parameter', '"k1" ;a'],
    ['with a tab', '"k\t1"'],
    ['that is not ASCII', '"caf\u00e9"'],
    ['that is too long', `"${'k'.repeat(256)}"`],
    ['that is bare and too long', 'k'.repeat(256)],
  ])('the idempotency key is refused %s', (_fault, header) => {
    expect(keyOf(header)).toBeUndefined();
  });

  test('the idempotency key is the same in both forms, whatever it is', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 255,
    });
    fc.assert(
      fc.property(text, (key) => {
        expect(keyOf(`"${key.replaceAll(/["\\]/g, String.raw`\$&`)}"`)).toBe(key);
        if (/^[^" ][^ ]*$/.test(key)) expect(keyOf(key)).toBe(key);
      }),
    );
  });

  // Up to 255 visible characters without a space, quotes included.
  test.each([
    ['k1', undefined],
    ['"k1"', '"k1"'],
    ['"k1";a=1', '"k1";a=1'],
    ['"k 1"', undefined],
    [`"${'k'.repeat(253)}"`, `"${'k'.repeat(253)}"`],
    [`"${'k'.repeat(254)}"`, undefined],
  ])('the idempotency key of %s had the former name %s, if earlier versions took it', (header, formerKey) => {
    expect(readIdempotencyKey(header).formerKey).toBe(formerKey);
  });

  test.each<[string, (length: number) => string]>([
    ['parameters without an end', (length) => `"k"${';a="'.repeat(length / 4 + 1)}`],
    ['escapes without an end', (length) => `"${'\\"'.repeat(length / 2)}`],
    ['parameters without a name', (length) => `"k"${'; '.repeat(length / 2)}`],
    ['a number that is none', (length) => `"k";a=${'1'.repeat(length)}x"`],
  ])('the idempotency key is refused in linear time for %s', (_what, hostile) => {
    const refuse = (length: number) => expect(keyOf(hostile(length))).toBeUndefined();
    cpuTimeOf(() => refuse(2000));
    // An eighth of the length, eight times: the same if the time is linear, an eighth of it if it is quadratic.
    const short = cpuTimeOf(() => {
      for (let time = 0; time < 8; time += 1) refuse(2000);
    });
    expect(cpuTimeOf(() => refuse(16_000))).toBeLessThan(4 * short + grain);
  });
});

/** Microseconds: far below what a quadratic pattern takes for the longest header, and above what a clock may be wrong by. */
const grain = 50_000;

/**
 * The CPU time of this thread for many runs, in microseconds, which other programs on the machine do not change. Where the
 * kernel counts it in ticks, a single run may count as nothing.
 */
function cpuTimeOf(work: () => void): number {
  const before = process.threadCpuUsage();
  for (let run = 0; run < 10; run += 1) work();
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}
