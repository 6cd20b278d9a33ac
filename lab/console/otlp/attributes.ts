import { type Reader, wire, wrongWireType } from './protobuf-reader.ts';

/** A double without a fraction: as a number, it would be an integer. */
export class WholeDouble {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A bigint is an integer beyond the safe ones. */
export type AttributeValue =
  | string
  | number
  | WholeDouble
  | bigint
  | boolean
  | Buffer
  | undefined
  | AttributeValue[]
  | { [name: string]: AttributeValue };
export type Attributes = Record<string, AttributeValue>;

/**
 * Reads a KeyValue into an object. Most of a span is attributes, so they are read without a description: this takes a third of
 * the time.
 */
export function addAttribute(to: Attributes, from: Reader): void {
  let key = '';
  let value: AttributeValue;
  const end = from.enter();
  while (from.hasMore()) {
    const { number, wireType } = from.tag();
    if (number > 2) from.skip(number, wireType);
    else if (wireType !== wire.bytes) throw wrongWireType(number, wireType);
    else if (number === 1) key = from.text();
    else value = readValue(from);
  }
  from.leave(end);
  setMember(to, key, value);
}

/** A double as it was sent. Integers beyond the safe ones are told apart by being bigints. */
export function doubleOf(value: number): number | WholeDouble {
  return Number.isSafeInteger(value) ? new WholeDouble(value) : value;
}

/** As a number, if it is one. */
export function numeric(value: AttributeValue): AttributeValue {
  return value instanceof WholeDouble ? value.value : value;
}

/** Assigning to `__proto__` would set the prototype instead of a member. */
export function setMember<T>(to: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__')
    Object.defineProperty(to, key, { value, enumerable: true, configurable: true, writable: true });
  else to[key] = value;
}

/** Reads an AnyValue: the last of its fields that was written. */
export function readValue(from: Reader): AttributeValue {
  let value: AttributeValue;
  const end = from.enter();
  while (from.hasMore()) {
    const { number, wireType } = from.tag();
    const read = readers[number];
    if (read === undefined) from.skip(number, wireType);
    else if (read.wireType === wireType) value = read.read(from);
    else throw wrongWireType(number, wireType);
  }
  from.leave(end);
  return value;
}

const readers: ReadonlyArray<{ wireType: number; read(from: Reader): AttributeValue } | undefined> = [
  undefined,
  { wireType: wire.bytes, read: (from) => from.text() },
  { wireType: wire.varint, read: (from) => from.integer() !== 0 },
  { wireType: wire.varint, read: (from) => from.int64() },
  { wireType: wire.fixed64, read: (from) => doubleOf(from.double()) },
  { wireType: wire.bytes, read: readList },
  { wireType: wire.bytes, read: readMembers },
  { wireType: wire.bytes, read: (from) => from.bytes() },
];

function readList(from: Reader): AttributeValue[] {
  const values: AttributeValue[] = [];
  const end = from.enter();
  while (from.hasMore()) {
    const { number, wireType } = from.tag();
    if (number !== 1) from.skip(number, wireType);
    else if (wireType === wire.bytes) values.push(readValue(from));
    else throw wrongWireType(number, wireType);
  }
  from.leave(end);
  return values;
}

function readMembers(from: Reader): Attributes {
  const members: Attributes = {};
  const end = from.enter();
  while (from.hasMore()) {
    const { number, wireType } = from.tag();
    if (number !== 1) from.skip(number, wireType);
    else if (wireType === wire.bytes) addAttribute(members, from);
    else throw wrongWireType(number, wireType);
  }
  from.leave(end);
  return members;
}
