import { backslash, colon, comma, quote, space } from './ascii.ts';

/**
 * Where a JSON value ends, byte by byte, and whether it is one: -1 for what JSON.parse would refuse. Only spaces are taken as
 * white space. The bytes end with a line feed, which is no part of any value.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259
 */

const deepest = 64;
const minus = 0x2d;

/** @returns the position after the value that begins here */
export function endOfValue(bytes: Buffer, at: number, depth = 0): number {
  const first = bytes[at] ?? 0;
  if (first === quote) return endOfString(bytes, at + 1);
  if (isDigit(first) || first === minus) return endOfNumber(bytes, at);
  if (first !== 0x7b && first !== 0x5b) return endOfLiteral(bytes, at);
  return depth === deepest ? -1 : endOfNested(bytes, at, depth + 1);
}

/** @returns the position after `true`, `false` or `null` */
export function endOfLiteral(bytes: Buffer, at: number): number {
  const first = bytes[at];
  if (first === 0x74) return bytes.readInt32LE(at) === 0x65757274 ? at + 4 : -1;
  if (first === 0x6e) return bytes.readInt32LE(at) === 0x6c6c756e ? at + 4 : -1;
  if (first === 0x66) return bytes.readInt32LE(at + 1) === 0x65736c61 ? at + 5 : -1;
  return -1;
}

/** @returns the position after a whole number of at most 15 digits, without a sign; -1 for any other number */
export function endOfWhole(bytes: Buffer, at: number): number {
  let end = at;
  while (isDigit(bytes[end] ?? 0)) end += 1;
  const after = (bytes[end] ?? 0) | 0x20;
  const length = end - at;
  const isWhole = length > 0 && length <= 15 && (bytes[at] !== 0x30 || length === 1);
  return isWhole && after !== 0x2e && after !== 0x65 ? end : -1;
}

/** @returns the position after the closing quote of the string whose text begins here */
export function endOfString(bytes: Buffer, from: number): number {
  for (let at = from; ; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) return at + 1;
    if (byte < space) return -1;
    if (byte !== backslash) continue;
    at += 1;
    const escape = bytes[at] ?? 0;
    if (escape === 0x75) {
      for (let i = 1; i <= 4; i += 1) if (!isHexDigit(bytes[at + i] ?? 0)) return -1;
      at += 4;
    } else if (!escapes.has(escape)) return -1;
  }
}

const escapes = new Set(Buffer.from('"\\/bfnrt'));

/** An object or an array. */
function endOfNested(bytes: Buffer, start: number, depth: number): number {
  const isObject = bytes[start] === 0x7b;
  const closing = isObject ? 0x7d : 0x5d;
  let at = afterSpaces(bytes, start + 1);
  if (bytes[at] === closing) return at + 1;
  for (;;) {
    if (isObject) {
      if (bytes[at] !== quote) return -1;
      at = endOfString(bytes, at + 1);
      if (at < 0) return -1;
      at = afterSpaces(bytes, at);
      if (bytes[at] !== colon) return -1;
      at = afterSpaces(bytes, at + 1);
    }
    at = endOfValue(bytes, at, depth);
    if (at < 0) return -1;
    at = afterSpaces(bytes, at);
    const next = bytes[at];
    if (next === closing) return at + 1;
    if (next !== comma) return -1;
    at = afterSpaces(bytes, at + 1);
  }
}

function afterSpaces(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === space) at += 1;
  return at;
}

function endOfNumber(bytes: Buffer, start: number): number {
  const whole = bytes[start] === minus ? start + 1 : start;
  let at = afterDigits(bytes, whole);
  if (at === whole || (at > whole + 1 && bytes[whole] === 0x30)) return -1;
  if (bytes[at] === 0x2e) {
    const fraction = at + 1;
    at = afterDigits(bytes, fraction);
    if (at === fraction) return -1;
  }
  if (((bytes[at] ?? 0) | 0x20) === 0x65) {
    const sign = bytes[at + 1];
    const exponent = sign === 0x2b || sign === minus ? at + 2 : at + 1;
    at = afterDigits(bytes, exponent);
    if (at === exponent) return -1;
  }
  return at;
}

function afterDigits(bytes: Buffer, from: number): number {
  let at = from;
  while (isDigit(bytes[at] ?? 0)) at += 1;
  return at;
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}
