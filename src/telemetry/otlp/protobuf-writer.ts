/**
 * Writes protobuf's wire format front to back into one growing buffer. The length of a message precedes it but is known
 * only at its end, so the writer reserves the likely number of bytes and moves the message if they do not suffice.
 *
 * Why not a library: `@opentelemetry/otlp-transformer` exports serializers of whole batches only, and spans are encoded
 * one by one as they end, see `otlp-batch.ts`.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class ProtobufWriter {
  private bytes: Buffer;
  private position = 0;

  /** @param capacity initial size in bytes */
  constructor(capacity = 64 * 1024) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  get length(): number {
    return this.position;
  }

  clear(): void {
    this.position = 0;
  }

  /** A view of the bytes written, valid until the next call of `clear`. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.position);
  }

  varint(field: number, value: number): void {
    this.makeRoom(12);
    this.tag(field, 0);
    this.writeVarint(value);
  }

  /** A 64-bit integer in two's complement; a JavaScript number holds 53 bits of it. */
  int64(field: number, value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) {
      this.varint(field, value);
      return;
    }
    this.makeRoom(12);
    this.tag(field, 0);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest));
  }

  double(field: number, value: number): void {
    this.makeRoom(12);
    this.tag(field, 1);
    this.position = this.bytes.writeDoubleLE(value, this.position);
  }

  fixed32(field: number, value: number): void {
    this.makeRoom(12);
    this.tag(field, 5);
    this.position = this.bytes.writeUInt32LE(value, this.position);
  }

  /** A 64-bit number, given as two 32-bit halves. */
  fixed64(field: number, high: number, low: number): void {
    this.makeRoom(12);
    this.tag(field, 1);
    this.position = this.bytes.writeUInt32LE(low, this.position);
    this.position = this.bytes.writeUInt32LE(high, this.position);
  }

  raw(field: number, value: Uint8Array): void {
    this.makeRoom(value.length + 12);
    this.tag(field, 2);
    this.writeVarint(value.length);
    this.bytes.set(value, this.position);
    this.position += value.length;
  }

  /** @param encoded bytes in the wire format */
  append(encoded: Uint8Array): void {
    this.makeRoom(encoded.length);
    this.bytes.set(encoded, this.position);
    this.position += encoded.length;
  }

  /** A bytes field from hexadecimal digits, such as a trace id. */
  hex(field: number, digits: string): void {
    const length = digits.length >> 1;
    this.makeRoom(length + 12);
    this.tag(field, 2);
    this.byte(length);
    for (let i = 0; i < digits.length; i += 2)
      this.byte((digitOf(digits.charCodeAt(i)) << 4) | digitOf(digits.charCodeAt(i + 1)));
  }

  string(field: number, text: string): void {
    // UTF-8 needs at most three bytes per UTF-16 unit.
    this.makeRoom(text.length * 3 + 12);
    this.tag(field, 2);
    const start = this.keepRoom(text.length < 128 ? 1 : 2);
    // A call into native code costs more than it saves for short texts, and nearly all texts are short.
    if (text.length > 64 || !this.ascii(text)) this.position = start + this.bytes.write(text, start, 'utf8');
    this.writeLength(start, text.length < 128 ? 1 : 2);
  }

  /**
   * Begins an embedded message.
   *
   * @param room bytes reserved for its length: 1 up to 127, 2 up to 16,383; `end` moves a longer message
   * @returns the position to pass to `end`
   */
  begin(field: number, room: 1 | 2 = 1): number {
    this.makeRoom(12);
    this.tag(field, 2);
    return this.keepRoom(room);
  }

  end(start: number, room: 1 | 2 = 1): void {
    this.writeLength(start, room);
  }

  private ascii(text: string): boolean {
    const { bytes } = this;
    const start = this.position;
    for (let i = 0; i < text.length; i += 1) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return false;
      bytes[start + i] = unit;
    }
    this.position = start + text.length;
    return true;
  }

  private keepRoom(room: number): number {
    this.position += room;
    return this.position;
  }

  private writeLength(start: number, room: 1 | 2): void {
    const length = this.position - start;
    let needed = 1;
    while (length >= 128 ** needed) needed += 1;
    // A small length also fits two bytes: protobuf allows a varint to be longer than necessary.
    const size = Math.max(needed, room);
    if (size > room) {
      this.makeRoom(size);
      this.bytes.copyWithin(start + size - room, start, this.position);
      this.position += size - room;
    }
    let rest = length;
    for (let i = start - room; i < start - room + size - 1; i += 1) {
      this.bytes[i] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[start - room + size - 1] = rest;
  }

  private tag(field: number, wireType: number): void {
    this.writeVarint((field << 3) | wireType);
  }

  private writeVarint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.byte((rest % 128) | 0x80);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  private byte(value: number): void {
    this.bytes[this.position] = value;
    this.position += 1;
  }

  private makeRoom(size: number): void {
    if (this.position + size <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.position + size));
    grown.set(this.written());
    this.bytes = grown;
  }
}

function digitOf(code: number): number {
  return code < 58 ? code - 48 : (code | 0x20) - 87;
}
