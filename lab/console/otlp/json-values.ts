import { type Attributes, type AttributeValue, doubleOf, setMember } from './attributes.ts';

/** Values of OTLP in JSON. A value that is missing or of another type is read as the default of its type, as in protobuf. */

export type Members = Readonly<Record<string, unknown>>;

/** A number of 16 digits or more outside of a text may exceed what a JSON number holds exactly. */
const mayBeLarge = /[[,:]\s*-?\d{16,}\s*[\],}]/;

/**
 * Parses JSON; integers beyond the safe ones become bigints. Senders may write 64-bit integers as strings or as numbers.
 *
 * @throws {SyntaxError}
 * @see https://protobuf.dev/programming-guides/json/
 */
export function parseExactly(content: string): unknown {
  if (!mayBeLarge.test(content)) return JSON.parse(content);
  return JSON.parse(content, (_key, parsed: unknown, { source = '' }: { source?: string } = {}) => {
    const isRounded = typeof parsed === 'number' && !Number.isSafeInteger(parsed);
    return isRounded && /^-?\d+$/.test(source) ? BigInt(source) : parsed;
  });
}

export function attributes(list: unknown): Attributes {
  const members: Attributes = {};
  for (const each of objects(list)) setMember(members, text(each['key']), value(each['value']));
  return members;
}

export function value(any: unknown): AttributeValue {
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = object(any);
  if (typeof stringValue === 'string') return stringValue;
  if (typeof boolValue === 'boolean') return boolValue;
  if (isSet(intValue)) return int64(intValue);
  if (isSet(doubleValue)) return doubleOf(double(doubleValue));
  if (isSet(arrayValue)) return list(object(arrayValue)['values']).map(value);
  if (isSet(kvlistValue)) return attributes(object(kvlistValue)['values']);
  if (typeof bytesValue === 'string') return Buffer.from(bytesValue, 'base64');
  return undefined;
}

/** A field that is null is one that was not written. */
export const isSet = (any: unknown): boolean => any !== undefined && any !== null;
export const isObject = (any: unknown): any is Members =>
  typeof any === 'object' && any !== null && !Array.isArray(any);
export const object = (any: unknown): Members => (isObject(any) ? any : {});
const list = (any: unknown): readonly unknown[] => (Array.isArray(any) ? any : []);
export const objects = (any: unknown): readonly Members[] => list(any).filter(isObject);
export const text = (any: unknown): string => (typeof any === 'string' ? any : '');
/** Hexadecimal digits in lower case; empty if it is anything else. */
export const id = (any: unknown): string => {
  const digits = text(any).toLowerCase();
  return /^[0-9a-f]*$/.test(digits) ? digits : '';
};

/** A bigint beyond the safe integers. */
export function int64(any: unknown): number | bigint {
  const digits = typeof any === 'string' ? any.trim() : any;
  if (typeof digits === 'string' && /^-?\d{16,19}$/.test(digits)) {
    const number = Number(digits);
    return Number.isSafeInteger(number) ? number : BigInt.asIntN(64, BigInt(digits));
  }
  if (typeof digits === 'bigint') return BigInt.asIntN(64, digits);
  const number = typeof digits === 'string' || typeof digits === 'number' ? Number(digits) : 0;
  return Number.isInteger(number) ? number : 0;
}

export const integer = (any: unknown): number => Number(int64(any));
/** JSON has no NaN and no infinity: they are the texts `NaN`, `Infinity` and `-Infinity`. */
export const double = (any: unknown): number =>
  typeof any === 'number' || typeof any === 'string' || typeof any === 'bigint' ? Number(any) : 0;
export const numbers = (any: unknown): number[] => list(any).map(double);

/** Nanoseconds are a string, because they exceed the precision of a JSON number. */
export const time = (any: unknown): bigint => {
  const digits = typeof any === 'number' ? any.toFixed(0) : String(any);
  return /^\d{1,20}$/.test(digits) ? BigInt.asUintN(64, BigInt(digits)) : 0n;
};

/** A number or, as the general mapping of protobuf to JSON allows, the name. */
export function nameOf<const Name extends string>(
  names: readonly [Name, ...Name[]],
  prefix: string,
  any: unknown,
): Name {
  const named = typeof any === 'string' ? names.find((name) => any === prefix + name) : undefined;
  return named ?? names[integer(any)] ?? names[0];
}
