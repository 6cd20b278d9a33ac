/** The kinds of encoding that precede a value. */
export const wire = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/**
 * Messages within messages: many more would overflow the stack. A list in a value takes two, and the log processor forwards
 * values that are 64 deep.
 */
const deepest = 200;
/** Maximum length of a text that is remembered, and number of remembered texts (a power of two). */
const longestKnown = 48;
const mostKnown = 4096;

/** A known field in another encoding is no message of this type: the Collector refuses it, too. */
export const wrongWireType = (field: number, wireType: number): RangeError =>
  new RangeError(`field ${field} has wire type ${wireType}`);

/** Reads protobuf's wire format front to back. Every method throws a RangeError at bytes that cannot be read. */
export class Reader {
  readonly #content: Buffer;
  #at = 0;
  /** End of the message that is being read. */
  #end: number;
  #depth = 0;
  readonly #tag = { number: 0, wireType: 0 };

  constructor(content: Buffer) {
    this.#content = content;
    this.#end = content.length;
  }

  /** Begins to read a message. A nested one is preceded by its length; the outermost is not. @returns where to `leave` to */
  enter(): number {
    const outerEnd = this.#end;
    if (this.#depth > 0) this.#end = this.#pastLength();
    this.#depth += 1;
    if (this.#depth > deepest) throw new RangeError(`Messages are nested more than ${deepest} deep.`);
    return outerEnd;
  }

  leave(outerEnd: number): void {
    this.#depth -= 1;
    this.#end = outerEnd;
  }

  hasMore(): boolean {
    return this.#at < this.#end;
  }

  /** Reads the number and wire type of a field. The result is valid until the next call. */
  tag(): Readonly<{ number: number; wireType: number }> {
    const tag = this.#varint();
    const number = Math.floor(tag / 8);
    if (number === 0 || number > 0x1fff_ffff) throw new RangeError(`There is no field ${number}.`);
    this.#tag.number = number;
    this.#tag.wireType = tag % 8;
    return this.#tag;
  }

  /** Rounded beyond 2^53. */
  integer(): number {
    return Number(this.int64());
  }

  /** A bigint beyond the safe integers. */
  int64(): number | bigint {
    const start = this.#at;
    const value = this.#varint();
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    // Negative numbers are encoded as unsigned 64-bit numbers.
    let unsigned = 0n;
    for (let at = this.#at - 1; at >= start; at -= 1)
      unsigned = (unsigned << 7n) | BigInt(this.#content.readUInt8(at) & 0x7f);
    const signed = BigInt.asIntN(64, unsigned);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  fixed32(): number {
    return this.#content.readUInt32LE(this.#advance(4));
  }

  fixed64(): bigint {
    return this.#content.readBigUInt64LE(this.#advance(8));
  }

  double(): number {
    return this.#content.readDoubleLE(this.#advance(8));
  }

  /** Texts of telemetry repeat: a short one that was read before is found by its bytes, without a new string. */
  text(): string {
    const end = this.#pastLength();
    const start = this.#at;
    this.#at = end;
    if (end - start > longestKnown) return this.#content.toString('utf8', start, end);
    let hash = 0;
    for (let at = start; at < end; at += 1) hash = (hash * 31 + (this.#content[at] ?? 0)) | 0;
    const place = (hash ^ (hash >>> 12)) & (mostKnown - 1);
    const known = knownTexts[place];
    if (known !== undefined && isSame(known, this.#content, start, end)) return known;
    const text = this.#content.toString('utf8', start, end);
    // A text whose characters are not its bytes never matches, and would only displace one that does.
    if (isSame(text, this.#content, start, end)) knownTexts[place] = text;
    return text;
  }

  hex(): string {
    const end = this.#pastLength();
    const start = this.#at;
    this.#at = end;
    return this.#content.toString('hex', start, end);
  }

  bytes(): Buffer {
    const end = this.#pastLength();
    const start = this.#at;
    this.#at = end;
    return this.#content.subarray(start, end);
  }

  /** What is left of the message that is being read. */
  rest(): Buffer {
    const start = this.#at;
    this.#at = this.#end;
    return this.#content.subarray(start, this.#end);
  }

  /** Skips a value of unknown meaning. */
  skip(number: number, wireType: number): void {
    if (wireType === wire.varint) this.#varint();
    else if (wireType === wire.fixed64) this.#advance(8);
    else if (wireType === wire.bytes) this.#at = this.#pastLength();
    else if (wireType === wire.fixed32) this.#advance(4);
    else if (wireType === wire.groupStart) this.#skipGroup(number);
    else throw new RangeError(`Field ${number} has the unexpected wire type ${wireType}.`);
  }

  /** Skips fields up to the end of the group with this number. */
  #skipGroup(own: number): void {
    this.#depth += 1;
    if (this.#depth > deepest) throw new RangeError(`Groups are nested more than ${deepest} deep.`);
    while (this.hasMore()) {
      const { number, wireType } = this.tag();
      if (wireType === wire.groupEnd && number === own) {
        this.#depth -= 1;
        return;
      }
      this.skip(number, wireType);
    }
    throw new RangeError(`Group ${own} has no end.`);
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
    // Most numbers are lengths and tags of one byte.
    const first = this.#content[this.#at] ?? 0;
    if (first < 0x80 && this.#at < this.#end) {
      this.#at += 1;
      return first;
    }
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

/** Texts by hash. Of two with one hash, the later one stays. */
const knownTexts: Array<string | undefined> = Array.from({ length: mostKnown });

/** Whether the characters of a text are these bytes, which is so for ASCII only. */
function isSame(text: string, content: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let at = start; at < end; at += 1) {
    const byte = content[at] ?? 0;
    if (byte >= 0x80 || text.charCodeAt(at - start) !== byte) return false;
  }
  return true;
}
