/**
 * A reader for protobuf messages that are described in TypeScript: `message({ name: one(1, text) })` reads what
 * `message M { string name = 1; }` says, and the compiler knows what comes out. Fields that are not described are skipped.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */

/** How values of a type are written, and what a field of that type holds where nothing was written. */
export interface Type<T> {
  wireType: number;
  read(from: Reader): T;
  absent(): T;
}

export interface Field<T> {
  number: number;
  wireType: number;
  start(): T;
  /** The field's value once one more was read. */
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
  add: (before, from) => [...before, read(from)],
});

const type = <T>(wireType: number, absent: () => T, read: (from: Reader) => T): Type<T> => ({
  wireType,
  read,
  absent,
});

export const text = type(
  wire.bytes,
  () => '',
  (from) => from.bytes().toString(),
);
export const hex = type(
  wire.bytes,
  () => '',
  (from) => from.bytes().toString('hex'),
);
export const bytes = type(
  wire.bytes,
  () => Buffer.alloc(0),
  (from) => from.bytes(),
);
export const boolean = type(
  wire.varint,
  () => false,
  (from) => from.varint() !== 0n,
);
/** int32, int64, uint32 and enums, as long as they are exact. */
export const integer = type(
  wire.varint,
  () => 0,
  (from) => Number(BigInt.asIntN(64, from.varint())),
);
export const double = type(
  wire.fixed64,
  () => 0,
  (from) => from.take(8).readDoubleLE(),
);
export const fixed64 = type(
  wire.fixed64,
  () => 0n,
  (from) => from.take(8).readBigUInt64LE(),
);

export function message<F extends Fields>(fields: F): Type<ValueOf<F>> {
  const byNumber = new Map(Object.entries(fields).map((entry) => [entry[1].number, entry]));
  const absent = () =>
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.start()]));
  const read = (from: Reader) => {
    const values: Record<string, unknown> = absent();
    const content = new Reader(from.bytes());
    while (!content.atEnd()) {
      const { number, wireType } = content.tag();
      const [name, field] = byNumber.get(number) ?? [];
      if (name === undefined || field === undefined) {
        content.skip(wireType);
        continue;
      }
      if (wireType !== field.wireType) throw new RangeError(`Field ${name} has the wire type ${wireType}.`);
      values[name] = field.add(values[name], content);
    }
    return values;
  };
  return type(wire.bytes, absent, read) as Type<ValueOf<F>>;
}

/** A type that holds itself somewhere inside. */
export const recursive = <T>(resolve: () => Type<T>): Type<T> =>
  type(
    wire.bytes,
    () => resolve().absent(),
    (from) => resolve().read(from),
  );

/** Read as one type, and made into what is nicer to have. */
export const mapped = <Written, T>(
  { wireType, read, absent }: Type<Written>,
  convert: (written: Written) => T,
): Type<T> =>
  type(
    wireType,
    () => convert(absent()),
    (from) => convert(read(from)),
  );

/** @throws {RangeError} when the bytes are not such a message */
export function decode<T>(schema: Type<T>, content: Buffer): T {
  // A message inside of another has its length in front; the outermost has none.
  return schema.read(new Reader(content, true));
}

class Reader {
  readonly #content: Buffer;
  readonly #isWhole: boolean;
  #at = 0;

  constructor(content: Buffer, isWhole = false) {
    this.#content = content;
    this.#isWhole = isWhole;
  }

  atEnd(): boolean {
    return this.#at === this.#content.length;
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#content.length) throw new RangeError('The message is cut off.');
    const taken = this.#content.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.take(1).readUInt8();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('A number is longer than 64 bits.');
  }

  bytes(): Buffer {
    return this.take(this.#isWhole ? this.#content.length : Number(this.varint()));
  }

  tag(): { number: number; wireType: number } {
    const tag = Number(this.varint());
    return { number: tag >>> 3, wireType: tag & 7 };
  }

  skip(wireType: number): void {
    if (wireType === wire.varint) this.varint();
    else if (wireType === wire.fixed64) this.take(8);
    else if (wireType === wire.bytes) this.bytes();
    else if (wireType === wire.fixed32) this.take(4);
    else throw new RangeError(`There is no wire type ${wireType}.`);
  }
}
