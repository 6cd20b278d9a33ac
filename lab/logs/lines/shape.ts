import { sameWords, wordsOf } from './byte-table.ts';
import { endOfLiteral, endOfWhole } from './json-values.ts';
import { kinds } from './kinds.ts';
import { isSpecial, padding } from './special-bytes.ts';

/**
 * What the lines of one statement of a program have in common: all but their values. A line that has the same bytes between
 * its values, and values of the same kinds, has the same members, so nothing else of it needs to be looked at.
 */
export interface Shape<N> {
  readonly names: readonly N[];
  /** Those of the values; none is `parsed`. */
  readonly kinds: Uint8Array;
  /** What stands before each value, and after the last one up to the line feed. */
  readonly separators: Separators;
  /** Special bytes of a line, its line feed among them. */
  readonly specialBytes: number;
}

/** In arrays, because these are what is read for every line. */
interface Separators {
  lengths: Uint8Array;
  /** Special bytes of each. */
  specialBytes: Uint8Array;
  /** The first eight bytes and the last eight of each, as floating-point numbers: JavaScript has no larger words. */
  ends: Float64Array;
  /** All bytes of each. */
  words: readonly Int32Array[];
}

/** The members of a line, as the scanner has them. */
interface Line<N> {
  readonly view: DataView;
  readonly start: number;
  /** Of its line feed. */
  readonly end: number;
  readonly count: number;
  readonly names: readonly N[];
  readonly kinds: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** Shapes that are expected at the same time. */
const mostShapes = 4;
/** Of so many lines of other shapes, one becomes expected. */
const learnEvery = 8;
/** Longest separator: less than what is readable after the data. */
const longest = padding - 4;

/** @returns `undefined` for a line with a value that must be parsed, or with a very long name */
function shapeOf<N>(bytes: Buffer, line: Line<N>): Shape<N> | undefined {
  const { view, count } = line;
  const separators: Separators & { words: Int32Array[] } = {
    lengths: new Uint8Array(count + 1),
    specialBytes: new Uint8Array(count + 1),
    ends: new Float64Array(2 * (count + 1)),
    words: [],
  };
  let from = line.start;
  for (let member = 0; member <= count; member += 1) {
    const isLast = member === count;
    if (!isLast && line.kinds[member] === kinds.parsed) return undefined;
    const to = isLast ? line.end + 1 : (line.starts[member] ?? 0);
    if (to - from > longest) return undefined;
    separators.lengths[member] = to - from;
    separators.specialBytes[member] = bytes.subarray(from, to).filter(isSpecial).length;
    separators.words.push(wordsOf(view, from, to - from));
    separators.ends[2 * member] = view.getFloat64(from, true);
    separators.ends[2 * member + 1] = to < 8 ? 0 : view.getFloat64(to - 8, true);
    from = line.ends[member] ?? 0;
  }
  return {
    names: line.names.slice(0, count),
    kinds: line.kinds.slice(0, count),
    separators,
    specialBytes: separators.specialBytes.reduce((sum, each) => sum + each, 0),
  };
}

/** The shapes of the lines before, as a guess of those that follow. */
export class ExpectedShapes<N> {
  /** The position of the line feed of the line that `find` found. */
  end = 0;
  readonly #shapes: Array<Shape<N>> = [];
  /** Of the line before. */
  #current = 0;
  #unexpected = 0;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #positions: Int32Array;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;

  /**
   * @param positions those of the special bytes, ascending
   * @param members gets the ranges of the values of the line
   */
  constructor(
    bytes: Buffer,
    view: DataView,
    positions: Int32Array,
    members: Pick<Line<N>, 'starts' | 'ends'>,
  ) {
    this.#bytes = bytes;
    this.#view = view;
    this.#positions = positions;
    this.#starts = members.starts;
    this.#ends = members.ends;
  }

  /**
   * Finds the shape of the line that begins at `start`, with its end.
   *
   * @param first the index of its first position, and `count` the number of all
   * @param limit the end of the data
   */
  find(start: number, first: number, count: number, limit: number): Shape<N> | undefined {
    const shapes = this.#shapes;
    const current = this.#current;
    for (let i = 0; i < shapes.length; i += 1) {
      // The current one comes first.
      const which = i === 0 ? current : i <= current ? i - 1 : i;
      const shape = shapes[which];
      if (shape === undefined) break;
      const last = first + shape.specialBytes - 1;
      if (last >= count) continue;
      const end = this.#positions[last] ?? 0;
      if (end >= limit || !this.#has(shape, start, first, end)) continue;
      this.#current = which;
      this.end = end;
      return shape;
    }
    return undefined;
  }

  /** Whether the line from `start` to the line feed at `end` has the shape. */
  #has({ separators, kinds: kindOf }: Shape<N>, start: number, first: number, end: number): boolean {
    const { lengths, specialBytes } = separators;
    const count = kindOf.length;
    let index = first;
    let at = start;
    for (let member = 0; member < count; member += 1) {
      // The separator after a text begins with its quote, so that nothing special is in the text.
      if (!this.#follows(separators, member, at)) return false;
      at += lengths[member] ?? 0;
      index += specialBytes[member] ?? 0;
      this.#starts[member] = at;
      const kind = kindOf[member];
      if (kind === kinds.text) at = this.#positions[index] ?? 0;
      else at = kind === kinds.whole ? endOfWhole(this.#bytes, at) : endOfLiteral(this.#bytes, at);
      if (at < 0) return false;
      this.#ends[member] = at;
    }
    return this.#follows(separators, count, at) && at + (lengths[count] ?? 0) === end + 1;
  }

  /** Whether the separator is there. */
  #follows({ lengths, ends, words }: Separators, which: number, at: number): boolean {
    const length = lengths[which] ?? 0;
    // Numbers are equal if their bytes are: no separator has the bytes of a zero, and one that is no number equals nothing.
    if (length >= 8 && length <= 16)
      return (
        this.#view.getFloat64(at, true) === ends[2 * which] &&
        this.#view.getFloat64(at + length - 8, true) === ends[2 * which + 1]
      );
    const all = words[which];
    return all !== undefined && sameWords(all, this.#view, at, length);
  }

  /** Expects lines like this one. Not each of a log without order, because that takes longer than to read the line. */
  learn(line: Line<N>): void {
    this.#unexpected += 1;
    if (this.#unexpected % learnEvery !== 1) return;
    const shape = shapeOf(this.#bytes, line);
    if (shape === undefined) return;
    const isFull = this.#shapes.length === mostShapes;
    this.#current = isFull ? (this.#current + 1) % mostShapes : this.#shapes.length;
    this.#shapes[this.#current] = shape;
  }
}
