import { colon, comma, lineFeed, quote, space } from './ascii.ts';
import { type ByteTable, createByteTable, sameWords, wordsOf } from './byte-table.ts';
import { endOfString, endOfValue, endOfWhole, isDigit } from './json-values.ts';
import { kinds } from './kinds.ts';
import { ExpectedShapes, type Shape } from './shape.ts';
import { createSpecialBytes, longestSearch, padding } from './special-bytes.ts';

/** No position in the buffer. */
const nowhere = -1;

/** The name of a member. */
export interface Name {
  /** The line that has it, to notice a name that a line has twice. Belongs to the scanner. */
  line: number;
}

/** A name as it is written, with its quotes and the colon. */
interface Written<N> {
  name: N;
  length: number;
  words: Int32Array;
}

/** What `next` found: no complete line, a line whose members are known, or a line to be parsed. */
export const found = { nothing: 0, members: 1, line: 2 } as const;

/** Members of one line. A line with more is to be parsed. */
const mostMembers = 64;
/** Bound of different names, because they come from the lines of others. Lines with further ones are to be parsed. */
const mostNames = 2048;

/**
 * Splits bytes into lines and finds the members of each line that is a JSON object, without building the object.
 *
 * It knows the members of exactly those lines that it reads as JSON.parse does, and leaves all others to the caller to
 * parse: those that are no object, or have a name twice, or a name with escapes. The test compares both on generated lines.
 *
 * It is fast because it expects lines of the same shape as those before, for a program writes its lines with the same members
 * in the same order, and because it jumps from quote to quote in others.
 */
export class Scanner<N extends Name> {
  /** To be filled with data; see `begin`. */
  readonly bytes: Buffer;
  readonly capacity: number;

  /** The line that `next` found, without its line feed. */
  start = 0;
  end = 0;
  /** Its members, in arrays. The range of a string is without its quotes if its kind is `text`. */
  count = 0;
  names: readonly N[];
  kinds: Uint8Array;
  readonly starts = new Int32Array(mostMembers);
  readonly ends = new Int32Array(mostMembers);

  /** What the line has in common with others; `undefined` if it was read member by member. */
  shape: Shape<N> | undefined;

  readonly view: DataView;
  /** Those of a line that is read member by member. */
  readonly #names: N[] = [];
  readonly #kinds = new Uint8Array(mostMembers);
  readonly #shapes: ExpectedShapes<N>;
  readonly #positions: Int32Array;
  readonly #find: (from: number, to: number) => number;
  readonly #nameOf: (text: string) => N;
  readonly #known: ByteTable<Written<N>> = createByteTable(mostNames * 2);
  readonly #expected: Array<Written<N> | undefined> = [];
  #line = 0;
  /** Start of the next line. */
  #at = 0;
  /** End of the data. */
  #limit = 0;
  /** Range of the last search, and the number of positions that it found. */
  #searchedFrom = 0;
  #searchedTo = 0;
  #positionCount = 0;
  /** The next position. */
  #index = 0;

  /**
   * @param capacity bytes, more than the longest line
   * @param nameOf makes what is kept for a name. It returns the same object for the same text
   */
  constructor(capacity: number, nameOf: (text: string) => N) {
    const { bytes, positions, find } = createSpecialBytes(capacity);
    this.capacity = capacity;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#positions = positions;
    this.#find = find;
    this.#nameOf = nameOf;
    this.names = this.#names;
    this.kinds = this.#kinds;
    this.#shapes = new ExpectedShapes(bytes, this.view, positions, this);
  }

  /** Starts with the lines of `bytes` from `from` up to `length`. */
  begin(length: number, from = 0): void {
    this.bytes.fill(lineFeed, length, length + padding);
    this.#at = from;
    this.#limit = length;
    this.#search(from);
  }

  /** Where the lines end that `next` has found: the start of the next, or of an incomplete one. */
  get position(): number {
    return this.#at;
  }

  /** Finds the next complete line. */
  next(): (typeof found)[keyof typeof found] {
    const start = this.#at;
    if (start >= this.#limit) return found.nothing;
    const first = this.#index;
    const shape = this.#shapes.find(start, first, this.#positionCount, this.#limit);
    if (shape !== undefined) {
      this.shape = shape;
      this.count = shape.kinds.length;
      this.names = shape.names;
      this.kinds = shape.kinds;
      this.#index = first + shape.specialBytes - 1;
      return this.#take(start, this.#shapes.end, found.members);
    }
    this.shape = undefined;
    this.names = this.#names;
    this.kinds = this.#kinds;
    const end = this.#object(start);
    if (end < 0) return this.#other(start, first);
    this.#take(start, end, found.members);
    this.#shapes.learn(this);
    return found.members;
  }

  #take<What extends number>(start: number, end: number, what: What): What {
    this.start = start;
    this.end = end;
    this.#at = end + 1;
    this.#index += 1;
    return what;
  }

  /** The line is to be parsed, or did not end where the last search did. */
  #other(start: number, first: number): (typeof found)[keyof typeof found] {
    for (let index = first; index < this.#positionCount; index += 1) {
      const at = this.#positions[index] ?? 0;
      if (at >= this.#limit) return found.nothing;
      if (this.bytes[at] !== lineFeed) continue;
      this.#index = index;
      return this.#take(start, at, found.line);
    }
    if (this.#searchedTo >= this.#limit) return found.nothing;
    if (start > this.#searchedFrom) {
      this.#search(start);
      return this.next();
    }
    // Longer than a search.
    const end = this.bytes.indexOf(lineFeed, start);
    if (end < 0 || end >= this.#limit) return found.nothing;
    this.#search(end);
    return this.#take(start, end, found.line);
  }

  #search(from: number): void {
    this.#searchedFrom = from;
    this.#searchedTo = Math.min(from + longestSearch, this.#limit);
    this.#positionCount = this.#find(from, this.#searchedTo);
    // Positions of an earlier search, which a line that goes on beyond this one would take for its own.
    this.#positions.fill(nowhere, this.#positionCount, this.#positionCount + 8);
    this.#index = 0;
  }

  /** @returns the position of the line feed, or -1 */
  #object(start: number): number {
    const { bytes } = this;
    if (bytes[start] !== 0x7b) return -1;
    this.#line += 1;
    let count = 0;
    let at = start + 1;
    if (bytes[at] === 0x7d) {
      this.count = 0;
      return this.#endOfLine(at + 1);
    }
    for (;;) {
      if (count === mostMembers) return -1;
      at = this.#member(at, count);
      if (at < 0) return -1;
      if (bytes[at] === space) at += 1;
      const first = bytes[at] ?? 0;
      if (first === quote) {
        const index = this.#index;
        const closing = this.#positions[index + 1] ?? 0;
        if (this.#positions[index] !== at) return -1;
        if (bytes[closing] === quote) {
          this.#kinds[count] = kinds.text;
          this.starts[count] = at + 1;
          this.ends[count] = closing;
          this.#index = index + 2;
          at = closing + 1;
        } else {
          this.#kinds[count] = kinds.parsed;
          this.starts[count] = at;
          at = endOfString(bytes, at + 1);
          if (at < 0) return -1;
          this.ends[count] = at;
          this.#skipPositions(at);
        }
      } else {
        this.starts[count] = at;
        at = this.#endOfOther(at, first, count);
        if (at < 0) return -1;
        this.ends[count] = at;
      }
      count += 1;
      if (bytes[at] === space) at += 1;
      const next = bytes[at];
      at += 1;
      if (next === 0x7d) {
        this.count = count;
        return this.#endOfLine(at);
      }
      if (next !== comma) return -1;
      if (bytes[at] === space) at += 1;
    }
  }

  /** A line counts only if its end is among the positions: so are then all positions before it. */
  #endOfLine(at: number): number {
    const { bytes } = this;
    let end = at;
    while (bytes[end] === space) end += 1;
    if (bytes[end] === 0x0d) {
      end += 1;
      this.#index += 1;
    }
    const isEnd =
      bytes[end] === lineFeed &&
      end < this.#limit &&
      this.#index < this.#positionCount &&
      this.#positions[this.#index] === end;
    return isEnd ? end : -1;
  }

  #skipPositions(before: number): void {
    let index = this.#index;
    while (index < this.#positionCount && (this.#positions[index] ?? 0) < before) index += 1;
    this.#index = index;
  }

  /** @returns the position after the colon */
  #member(at: number, count: number): number {
    let written = this.#expected[count];
    if (written === undefined || !sameWords(written.words, this.view, at, written.length)) {
      written = this.#unexpected(at);
      if (written === undefined) return -1;
      this.#expected[count] = written;
    }
    const { name } = written;
    if (name.line === this.#line) return -1;
    name.line = this.#line;
    this.#names[count] = name;
    this.#index += 2;
    return at + written.length;
  }

  #unexpected(at: number): Written<N> | undefined {
    const { bytes, view } = this;
    const closing = this.#positions[this.#index + 1] ?? 0;
    if (this.#positions[this.#index] !== at || bytes[at] !== quote || bytes[closing] !== quote)
      return undefined;
    let after = closing + 1;
    if (bytes[after] === space) after += 1;
    if (bytes[after] !== colon) return undefined;
    after += 1;
    const written = this.#known.find(view, at, after);
    if (written !== undefined) return written;
    if (this.#known.isFull()) return undefined;
    const length = after - at;
    const name = this.#nameOf(bytes.toString('utf8', at + 1, closing));
    const added = { name, length, words: wordsOf(view, at, length) };
    this.#known.add(view, at, after, added);
    return added;
  }

  /** @returns the position after a value that is not a string */
  #endOfOther(at: number, first: number, count: number): number {
    const { bytes } = this;
    const endIfWhole = isDigit(first) ? endOfWhole(bytes, at) : -1;
    if (endIfWhole >= 0) {
      this.#kinds[count] = kinds.whole;
      return endIfWhole;
    }
    const end = endOfValue(bytes, at);
    this.#kinds[count] = isLiteral(first) ? kinds.literal : kinds.parsed;
    if (end > 0 && (first === 0x7b || first === 0x5b)) this.#skipPositions(end);
    return end;
  }
}

/** t, f, n */
function isLiteral(first: number): boolean {
  return first === 0x74 || first === 0x66 || first === 0x6e;
}
