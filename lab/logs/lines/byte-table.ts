/**
 * Values by the bytes of their names: finds one without decoding the name. The number of names is bounded, because they
 * come from the lines of others.
 */
export interface ByteTable<Value> {
  /** @param view over the same memory, with at least 4 readable bytes after `end` */
  find(view: DataView, start: number, end: number): Value | undefined;
  /** The name must not be in the table, and the table must not be full. */
  add(view: DataView, start: number, end: number, value: Value): void;
  isFull(): boolean;
}

interface Entry<Value> {
  length: number;
  first: number;
  middle: number;
  last: number;
  /** The name in little-endian words; the last one ends with the name and overlaps the one before it. */
  words: Int32Array;
  value: Value;
}

/** The longest name that its first, middle and last four bytes are all of. */
const longestOfThree = 12;

/** @param capacity a power of two; half as many names fit */
export function createByteTable<Value>(capacity: number): ByteTable<Value> {
  const slots: Array<Entry<Value> | undefined> = Array.from({ length: capacity }, () => undefined);
  let size = 0;

  return {
    find(view, start, end) {
      const length = end - start;
      const first = length < 4 ? shortWord(view, start, length) : view.getInt32(start, true);
      const middle = length < 4 ? 0 : view.getInt32(start + ((length - 4) >> 1), true);
      const last = length < 4 ? 0 : view.getInt32(end - 4, true);
      let slot = hash(first, middle, last) & (capacity - 1);
      for (;;) {
        const entry = slots[slot];
        if (entry === undefined) return undefined;
        if (
          entry.first === first &&
          entry.last === last &&
          entry.middle === middle &&
          entry.length === length &&
          (length <= longestOfThree || sameWords(entry.words, view, start, length))
        )
          return entry.value;
        slot = (slot + 1) & (capacity - 1);
      }
    },
    add(view, start, end, value) {
      const length = end - start;
      const words = wordsOf(view, start, length);
      const first = words[0] ?? 0;
      const middle = length < 4 ? 0 : view.getInt32(start + ((length - 4) >> 1), true);
      const last = length < 4 ? 0 : view.getInt32(end - 4, true);
      let slot = hash(first, middle, last) & (capacity - 1);
      while (slots[slot] !== undefined) slot = (slot + 1) & (capacity - 1);
      slots[slot] = { length, first, middle, last, words, value };
      size += 1;
    },
    isFull: () => size * 2 >= capacity,
  };
}

/** The bytes of a short name, the others 0. */
function shortWord(view: DataView, start: number, length: number): number {
  return length === 0 ? 0 : view.getInt32(start, true) & (-1 >>> (32 - 8 * length));
}

export function wordsOf(view: DataView, start: number, length: number): Int32Array {
  if (length < 4) return Int32Array.of(shortWord(view, start, length));
  const count = (length + 3) >> 2;
  const words = new Int32Array(count);
  for (let i = 0; i < count - 1; i += 1) words[i] = view.getInt32(start + 4 * i, true);
  words[count - 1] = view.getInt32(start + length - 4, true);
  return words;
}

/** @param words those of a name of the same length */
export function sameWords(words: Int32Array, view: DataView, start: number, length: number): boolean {
  if (length < 4) return words[0] === shortWord(view, start, length);
  const last = words.length - 1;
  if (view.getInt32(start + length - 4, true) !== words[last]) return false;
  for (let i = 0; i < last; i += 1) if (view.getInt32(start + 4 * i, true) !== words[i]) return false;
  return true;
}

function hash(first: number, middle: number, last: number): number {
  const product = Math.imul(first ^ Math.imul(last ^ (middle << 1), 0x9e3779b1), 0x85ebca6b);
  return product ^ (product >>> 15);
}
