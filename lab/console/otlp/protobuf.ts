import { Reader, wire, wrongWireType } from './protobuf-reader.ts';

/**
 * Protobuf messages described in TypeScript: `message({ name: one(1, text) })` reads `message M { string name = 1; }`, and
 * the compiler infers the result. Fields without a description are skipped, and so are those of another wire type than
 * described: a later version of a message may have both.
 *
 * A library is not enough: the OpenTelemetry packages write requests and read only the responses to them, and protobufjs
 * wants a copy of OTLP's .proto files and generated types. Reader and messages need no build step. The counterpart, which
 * writes, is src/telemetry/otlp/protobuf-writer.ts.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */

/** The encoding of a type, and the default of a field that was not written. */
export interface Type<T> {
  wireType: number;
  read(from: Reader): T;
  absent(): T;
}

export interface Field<T> {
  number: number;
  wireType: number;
  /** A list of numbers, which may also be written as one value with all of them (packed). */
  packable?: true;
  /** Its start is an object that `add` fills. */
  isFilled?: true;
  start(): T;
  /** Reads one more value. @returns the field's new value, which may be `before`, mutated */
  add(before: T, from: Reader, wireType: number): T;
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type ValueOf<F extends Fields> = { [Name in keyof F]: F[Name] extends Field<infer T> ? T : never };

export const one = <T>(number: number, { wireType, read, absent }: Type<T>): Field<T> => ({
  number,
  wireType,
  start: absent,
  add: (_before, from) => read(from),
});

/** A field that tells whether it was written: `optional` in proto3. */
export const maybe = <T>(number: number, { wireType, read }: Type<T>): Field<T | undefined> => ({
  number,
  wireType,
  start: () => undefined,
  add: (_before, from) => read(from),
});

/** A repeated field that was not written: most of them, so they share it. */
const none: readonly never[] = Object.freeze([]);

export const many = <T>(number: number, { wireType, read }: Type<T>): Field<readonly T[]> => ({
  number,
  wireType,
  start: () => none,
  add(before, from) {
    const value = read(from);
    if (before === none) return [value];
    // It was made here.
    (before as T[]).push(value);
    return before;
  },
});

/** Repeated numbers. A parser must accept both forms, whatever the .proto file says. */
export const numbers = (number: number, { wireType, read }: Type<number>): Field<number[]> => ({
  number,
  wireType,
  packable: true,
  isFilled: true,
  start: () => [],
  add(before, from, written) {
    if (written === wireType) {
      before.push(read(from));
    } else {
      const end = from.enter();
      while (from.hasMore()) before.push(read(from));
      from.leave(end);
    }
    return before;
  },
});

const type = <T>(wireType: number, absent: () => T, read: (from: Reader) => T): Type<T> => ({
  wireType,
  read,
  absent,
});

export const text = type(
  wire.bytes,
  () => '',
  (from) => from.text(),
);
export const hex = type(
  wire.bytes,
  () => '',
  (from) => from.hex(),
);
/** A message that is read later. */
export const unread = type(
  wire.bytes,
  () => Buffer.alloc(0),
  (from) => from.bytes(),
);
export const boolean = type(
  wire.varint,
  () => false,
  (from) => from.integer() !== 0,
);
/** int32, uint32 and enums; and int64 and uint64 where rounding beyond 2^53 does no harm, such as counts. */
export const integer = type(
  wire.varint,
  () => 0,
  (from) => from.integer(),
);
/** sint32, which alternates positive and negative numbers (zigzag). */
export const signed = type(
  wire.varint,
  () => 0,
  (from) => {
    const value = from.integer();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  },
);
export const double = type(
  wire.fixed64,
  () => 0,
  (from) => from.double(),
);
export const fixed32 = type(
  wire.fixed32,
  () => 0,
  (from) => from.fixed32(),
);
export const fixed64 = type(
  wire.fixed64,
  () => 0n,
  (from) => from.fixed64(),
);
/** sfixed64, exact: a bigint beyond the safe integers. */
export const signedFixed64 = type<number | bigint>(
  wire.fixed64,
  () => 0,
  (from) => exact(BigInt.asIntN(64, from.fixed64())),
);
/** fixed64 as a count, rounded beyond 2^53. */
export const count = type(
  wire.fixed64,
  () => 0,
  (from) => Number(from.fixed64()),
);

const exact = (value: bigint): number | bigint => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

export function message<F extends Fields>(fields: F): Type<ValueOf<F>> {
  const entries = Object.entries(fields);
  const byNumber: Array<[name: string, field: Field<unknown>] | undefined> = [];
  for (const entry of entries) byNumber[entry[1].number] = entry;
  const initial = (): Record<string, unknown> =>
    Object.fromEntries(entries.map(([name, field]) => [name, field.start()]));
  const template = initial();
  /** Those whose start is an object that is filled later, so that each message needs one of its own. */
  const filled = entries.filter(([, { isFilled }]) => isFilled === true);
  const read = (from: Reader) => {
    // A copy has the shape of the template at once, and is made in a fraction of the time.
    const values = { ...template };
    for (const [name, field] of filled) values[name] = field.start();
    const end = from.enter();
    while (from.hasMore()) {
      const { number, wireType } = from.tag();
      const [name, field] = byNumber[number] ?? [];
      if (name === undefined || field === undefined) from.skip(number, wireType);
      else if (accepts(field, wireType)) values[name] = field.add(values[name], from, wireType);
      else throw wrongWireType(number, wireType);
    }
    from.leave(end);
    return values;
  };
  // One that was not written is shared, since nothing is written into it.
  const nothing = Object.freeze(initial());
  return type(wire.bytes, () => nothing, read) as Type<ValueOf<F>>;
}

function accepts({ wireType: own, packable }: Field<unknown>, wireType: number): boolean {
  return wireType === own || (packable === true && wireType === wire.bytes);
}

/** Reads one type and converts it to another. */
export const mapped = <Written, T>(
  { wireType, read, absent }: Type<Written>,
  convert: (written: Written) => T,
): Type<T> =>
  type(
    wireType,
    () => convert(absent()),
    (from) => convert(read(from)),
  );

/** @throws {RangeError} if the bytes are not a message of this type */
export function decode<T>(schema: Type<T>, content: Buffer): T {
  return schema.read(new Reader(content));
}

/**
 * Reads the values of one field of a message one by one, so that each can be garbage before the next one is read.
 *
 * @throws {RangeError} if the bytes are not such a message, once the reader gets there
 */
export function* each<T>(number: number, { wireType, read }: Type<T>, content: Buffer): Iterable<T> {
  const from = new Reader(content);
  const end = from.enter();
  while (from.hasMore()) {
    const tag = from.tag();
    if (tag.number !== number) from.skip(tag.number, tag.wireType);
    else if (tag.wireType === wireType) yield read(from);
    else throw wrongWireType(number, tag.wireType);
  }
  from.leave(end);
}
