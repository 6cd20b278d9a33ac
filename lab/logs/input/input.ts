/** How far an input is read or forwarded. */
export interface Position {
  /** Bytes from the start. */
  offset: number;
  /** The next piece of the line at the offset; 0 unless earlier pieces of it lie before the offset. */
  piece: number;
  /** Grows when a file begins anew: positions of different generations do not compare. */
  generation: number;
}

/** Where lines come from. */
export interface Input {
  /** For people. */
  readonly name: string;
  /** Up to where lines were taken. */
  position: Position;
  /** Whether nothing follows what `read` returned last. What has no line feed then is a line. */
  readonly isComplete: boolean;
  /**
   * Reads from the position on into the start of the buffer.
   *
   * @returns the number of bytes, or 0 if there is nothing beyond what the last call returned
   */
  read(buffer: Buffer): Promise<number>;
  /** A batch with its lines up to there was accepted. */
  accepted(position: Position): void;
  /** Bytes that are not accepted yet, as far as is known. */
  behind(): number;
}

/** Several inputs that come and go. */
export interface InputSet {
  /** Those that may have bytes. */
  inputs(): Iterable<Input>;
  /** Looks for what has changed outside, such as new and rotated files. Called often. */
  poll(): Promise<void>;
  /** Whether nothing will ever come again. */
  isComplete(): boolean;
  close(): Promise<void>;
}
