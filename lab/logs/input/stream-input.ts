import type { Readable } from 'node:stream';
import { lineFeed } from '../lines/ascii.ts';
import type { Input, Position } from './input.ts';

/** Standard input, or a file that is uncompressed on the way. It is read once and cannot be repeated. */
export class StreamInput implements Input {
  readonly name: string;
  position: Position = { offset: 0, piece: 0, generation: 0 };
  isComplete = false;
  /** The error that ended it. */
  error: Error | undefined;
  #accepted = 0;
  readonly #stream: Readable;
  readonly #chunks: Buffer[] = [];
  /** Position of the first chunk. */
  #start = 0;
  /** Position after the last chunk. */
  #end = 0;
  /** Up to where bytes were returned. */
  #seen = 0;
  #hasEnded = false;
  readonly #highWater: number;

  /**
   * @param highWater bytes that wait for being read; beyond, the stream is paused, and a pipe stops its writer. More than
   *   the longest line
   * @param wake called when there is something to read
   */
  constructor(name: string, stream: Readable, { highWater, wake }: { highWater: number; wake: () => void }) {
    this.name = name;
    this.#stream = stream;
    this.#highWater = highWater;
    stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#end += chunk.length;
      if (this.#end - this.#start > highWater) stream.pause();
      wake();
    });
    stream.once('end', () => {
      this.#hasEnded = true;
      wake();
    });
    stream.once('error', (error: Error) => {
      this.error = error;
      this.#hasEnded = true;
      wake();
    });
  }

  async read(buffer: Buffer): Promise<number> {
    this.#drop();
    let length = 0;
    let skip = this.position.offset - this.#start;
    for (const chunk of this.#chunks) {
      length += chunk.copy(buffer, length, skip);
      skip = 0;
      if (length === buffer.length) break;
    }
    const seen = this.position.offset + length;
    const isNew = seen > this.#seen;
    this.#seen = seen;
    this.isComplete = this.#hasEnded && seen === this.#end;
    if (this.#end - this.#start <= this.#highWater && !this.#hasEnded) this.#stream.resume();
    return isNew || this.isComplete ? length : 0;
  }

  #drop(): void {
    let first = this.#chunks[0];
    while (first !== undefined && this.#start + first.length <= this.position.offset) {
      this.#start += first.length;
      this.#chunks.shift();
      first = this.#chunks[0];
    }
  }

  accepted({ offset }: Position): void {
    this.#accepted = offset;
  }

  behind(): number {
    return this.#end - this.#accepted;
  }

  isRead(): boolean {
    return this.isComplete && this.position.offset === this.#end;
  }

  /** Lines that have arrived and were not taken, one without its end among them. */
  linesLeft(): number {
    this.#drop();
    const left = Buffer.concat(this.#chunks).subarray(this.position.offset - this.#start);
    const ends = left.reduce((sum, byte) => (byte === lineFeed ? sum + 1 : sum), 0);
    return left.length > 0 && left.at(-1) !== lineFeed ? ends + 1 : ends;
  }

  stop(): void {
    this.#stream.destroy();
  }
}
