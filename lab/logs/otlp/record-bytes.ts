import { isUtf8 } from 'node:buffer';
import type { Moment } from '../lines/times.ts';

/** The longest text that is copied in JavaScript: below, a call into native code costs more than it saves. */
const shortCopy = 96;

/**
 * A growing buffer of log records in protobuf. Unlike the service's `ProtobufWriter`, it takes texts as bytes of the line,
 * without making strings of them.
 */
export class RecordBytes {
  bytes: Buffer;
  length = 0;
  #view: DataView;

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.#view = new DataView(this.bytes.buffer);
  }

  clear(): void {
    this.length = 0;
  }

  makeRoom(size: number): void {
    const needed = this.length + size;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, needed));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  byte(value: number): void {
    this.bytes[this.length] = value;
    this.length += 1;
  }

  varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.byte((rest % 128) | 0x80);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  /** Writes a length into the four bytes before `start`; protobuf allows more bytes than are necessary. */
  lengthBefore(start: number): void {
    const length = this.length - start;
    this.#view.setUint32(
      start - 4,
      (length & 0x7f) |
        0x80 |
        (((length >> 7) & 0x7f) << 8) |
        0x8000 |
        (((length >> 14) & 0x7f) << 16) |
        0x800000 |
        (((length >> 21) & 0x7f) << 24),
      true,
    );
  }

  append(encoded: Uint8Array): void {
    this.makeRoom(encoded.length);
    this.bytes.set(encoded, this.length);
    this.length += encoded.length;
  }

  /** Nanoseconds since 1970 exceed 53 bits. As 10⁹ is 1,953,125 · 2⁹, each 32-bit half is exact. */
  time(tag: number, seconds: number, nanoseconds: number): void {
    const product = seconds * 1_953_125;
    const low = (product % 2 ** 23) * 2 ** 9 + nanoseconds;
    const carry = low >= 2 ** 32 ? 1 : 0;
    this.byte(tag);
    this.#view.setUint32(this.length, low - carry * 2 ** 32, true);
    this.#view.setUint32(this.length + 4, Math.floor(product / 2 ** 23) + carry, true);
    this.length += 8;
  }

  /**
   * Copies the text of a line, after `makeRoom` for it and 4 bytes more.
   *
   * @returns false if it is not valid UTF-8, which protobuf requires of a string; then nothing was written
   */
  text(from: Buffer, view: DataView, start: number, end: number): boolean {
    const length = end - start;
    if (length > shortCopy) {
      if (!isUtf8(from.subarray(start, end))) return false;
      from.copy(this.bytes, this.length, start, end);
    } else {
      const to = this.#view;
      const target = this.length;
      let wide = 0;
      for (let i = 0; i < length; i += 4) {
        const word = view.getInt32(start + i, true);
        to.setInt32(target + i, word, true);
        wide |= word;
      }
      // The last word reaches beyond the text, so this may be true for no reason.
      if ((wide & 0x80808080) !== 0 && !isUtf8(from.subarray(start, end))) return false;
    }
    this.length += length;
    return true;
  }
}

/** The current time as a moment. */
export function now(): Moment {
  const milliseconds = Date.now();
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, (milliseconds - seconds * 1000) * 1e6];
}
