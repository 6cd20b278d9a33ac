/**
 * A protobuf reader whose messages are described in TypeScript: `message({ name: one(1, text) })` reads
 * `message M { string name = 1; }`, and the compiler infers the result. Fields without a description are skipped.
 *
 * A library is not enough: the OpenTelemetry packages write requests and read only the responses to them, and protobufjs
 * wants a copy of OTLP's .proto files and generated types. Reader and messages together are under 400 lines, without
 * a build step. The counterpart, which writes, is src/telemetry/otlp/protobuf-writer.ts.
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
  start(): T;
  /** Reads one more value. @returns the field's new value, which may be `before`, mutated */
  add(before: T, from: Reader): T;
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type ValueOf<F extends Fields> = { [Name in keyof F]: F[Name] extends Field<infer T> ? T : never };

const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export const one = <T>(number: number, { wireType, read, absent }: Type<T>): Field<T> => ({
  number,
  wireType,
  start: absent,
  add: (_before, from) => read(from),
});

export const many = <T>(number: number, { wireType, read }: Type<T>): Field<T[]> => ({
  number,
  wireType,
  start: () => [],
  add(before, from) {
    before.push(read(from));
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
  (from) => from.text('utf8'),
);
export const hex = type(
  wire.bytes,
  () => '',
  (from) => from.text('hex'),
);
export const bytes = type(
  wire.bytes,
  () => Buffer.alloc(0),
  (from) => from.bytes(),
);
export const boolean = type(
  wire.varint,
  () => false,
  (from) => from.integer() !== 0,
);
/** int32, int64, uint32 and enums, exact within the range of safe integers. */
export const integer = type(
  wire.varint,
  () => 0,
  (from) => from.integer(),
);
export const double = type(
  wire.fixed64,
  () => 0,
  (from) => from.double(),
);
export const fixed64 = type(
  wire.fixed64,
  () => 0n,
  (from) => from.fixed64(),
);

export function message<F extends Fields>(fields: F): Type<ValueOf<F>> {
  const entries = Object.entries(fields);
  const byNumber: Array<[name: string, field: Field<unknown>] | undefined> = [];
  for (const entry of entries) byNumber[entry[1].number] = entry;
  const absent = () => {
    const values: Record<string, unknown> = {};
    for (const [name, field] of entries) values[name] = field.start();
    return values;
  };
  const read = (from: Reader) => {
    const values = absent();
    from.each((number, wireType) => {
      const [name, field] = byNumber[number] ?? [];
      if (name === undefined || field === undefined) {
        from.skip(wireType);
        return;
      }
      requireWireType(field, wireType);
      values[name] = field.add(values[name], from);
    });
    return values;
  };
  return type(wire.bytes, absent, read) as Type<ValueOf<F>>;
}

/** A message with at most one field (`oneof`): the value of that field, or `undefined`. */
export function choice<T>(fields: ReadonlyArray<Field<T>>): Type<T | undefined> {
  const byNumber: Array<Field<T> | undefined> = [];
  for (const field of fields) byNumber[field.number] = field;
  return type(
    wire.bytes,
    () => undefined,
    (from) => {
      let chosen: T | undefined;
      from.each((number, wireType) => {
        const field = byNumber[number];
        if (field === undefined) {
          from.skip(wireType);
          return;
        }
        requireWireType(field, wireType);
        chosen = field.add(field.start(), from);
      });
      return chosen;
    },
  );
}

function requireWireType(field: Field<unknown>, wireType: number): void {
  if (wireType !== field.wireType)
    throw new RangeError(`Field ${field.number} has wire type ${wireType}, not ${field.wireType}.`);
}

/** A type that contains itself. */
export const recursive = <T>(resolve: () => Type<T>): Type<T> =>
  type(
    wire.bytes,
    () => resolve().absent(),
    (from) => resolve().read(from),
  );

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

class Reader {
  readonly #content: Buffer;
  #at = 0;
  /** End of the message that is being read. */
  #end: number;
  /** A nested message is preceded by its length; the outermost is not. */
  #isOutermost = true;

  constructor(content: Buffer) {
    this.#content = content;
    this.#end = content.length;
  }

  /** Reads a message: calls `take` for each field, which must read or skip the field's value. */
  each(take: (number: number, wireType: number) => void): void {
    const outerEnd = this.#end;
    if (this.#isOutermost) this.#isOutermost = false;
    else this.#end = this.#pastLength();
    while (this.#at < this.#end) {
      const tag = this.#varint();
      take(Math.floor(tag / 8), tag % 8);
    }
    this.#end = outerEnd;
  }

  integer(): number {
    const start = this.#at;
    const value = this.#varint();
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    // Negative numbers are encoded as unsigned 64-bit numbers.
    const end = this.#at;
    let exact = 0n;
    for (let at = end - 1; at >= start; at -= 1)
      exact = (exact << 7n) | BigInt(this.#content.readUInt8(at) & 0x7f);
    return Number(BigInt.asIntN(64, exact));
  }

  fixed64(): bigint {
    return this.#content.readBigUInt64LE(this.#advance(8));
  }

  double(): number {
    return this.#content.readDoubleLE(this.#advance(8));
  }

  text(encoding: 'utf8' | 'hex'): string {
    const end = this.#pastLength();
    const start = this.#at;
    this.#at = end;
    return this.#content.toString(encoding, start, end);
  }

  bytes(): Buffer {
    const end = this.#pastLength();
    const start = this.#at;
    this.#at = end;
    return this.#content.subarray(start, end);
  }

  skip(wireType: number): void {
    if (wireType === wire.varint) this.#varint();
    else if (wireType === wire.fixed64) this.#advance(8);
    else if (wireType === wire.bytes) this.#at = this.#pastLength();
    else if (wireType === wire.fixed32) this.#advance(4);
    else throw new RangeError(`Unknown wire type ${wireType}.`);
  }

  /** Reads a length. @returns the end of the value that follows */
  #pastLength(): number {
    const length = this.#varint();
    const end = this.#at + length;
    if (end > this.#end) throw new RangeError('The message is truncated.');
    return end;
  }

  /** Skips bytes. @returns the position before them */
  #advance(length: number): number {
    const before = this.#at;
    if (before + length > this.#end) throw new RangeError('The message is truncated.');
    this.#at += length;
    return before;
  }

  /** Exact up to 2^53. */
  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let length = 0; length < 10; length += 1) {
      const byte = this.#content[this.#advance(1)] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new RangeError('A number is longer than 64 bits.');
  }
}
