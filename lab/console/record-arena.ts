/**
 * Records of some numbers and a text, outside of the heap of V8: an object for each would cost more than a short record, and
 * the garbage collector lets a heap grow to a multiple of what it holds. Records stand in chunks. Those that are freed roughly
 * in the order in which they came leave no gaps for long.
 */
export interface RecordArena {
  /** Adds a record, whose numbers must be set before they are read. */
  put(text: string): Place;
  /** Takes a record of another arena with the same numbers, which frees it. */
  take(place: Place, from: RecordArena): Place;
  free(place: Place): void;
  text(place: Place): string;
  number(place: Place, index: number): number;
  setNumber(place: Place, index: number, value: number): void;
  /** The whole record. Valid until it is freed. */
  bytes(place: Place): Buffer;
  size(place: Place): number;
  /** Bytes that are allocated and hold no record. */
  slack(): number;
}

/** Where a record stands, until it is freed: the number of its chunk, times `largestChunk`, and where it begins in there. */
export type Place = number;

interface Chunk {
  readonly bytes: Buffer;
  readonly view: DataView;
  used: number;
  /** Number of records in it that are not freed. */
  live: number;
}

const largestChunk = 524_288;
const smallestChunk = 4096;
/** An arena has about so many chunks when it is full, so that the last one is no great part of it. */
const chunksOfFull = 64;
const lengthSize = 4;
const numberSize = 8;

/** @param capacity bytes that its owner lets it hold, roughly */
export function createRecordArena({ numbers, capacity }: { numbers: number; capacity: number }): RecordArena {
  const headSize = lengthSize + numbers * numberSize;
  const chunkSize = Math.min(largestChunk, Math.max(smallestChunk, Math.floor(capacity / chunksOfFull)));
  const chunks: Array<Chunk | undefined> = [];
  const vacant: number[] = [];
  /** An empty chunk of the usual size, to be used again. */
  let spare: Chunk | undefined;
  let allocated = 0;
  let held = 0;
  let current = addChunk(allocate(chunkSize));

  function allocate(size: number): Chunk {
    allocated += size;
    const bytes = Buffer.allocUnsafeSlow(size);
    return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size), used: 0, live: 0 };
  }

  function addChunk(chunk: Chunk): number {
    const number = vacant.pop() ?? chunks.length;
    chunks[number] = chunk;
    return number;
  }

  function chunkOf(place: Place): Chunk {
    return at(Math.floor(place / largestChunk));
  }

  function at(number: number): Chunk {
    const chunk = chunks[number];
    if (chunk === undefined) throw new RangeError('The record was freed.');
    return chunk;
  }

  /** @returns the number of a chunk with room for this many bytes */
  function roomFor(longest: number): number {
    const { bytes, used } = at(current);
    if (longest <= bytes.length - used) return current;
    // A long record has a chunk of its own.
    if (longest > chunkSize) return addChunk(allocate(longest));
    const next = spare ?? allocate(chunkSize);
    spare = undefined;
    current = addChunk(next);
    return current;
  }

  function release(number: number): void {
    const chunk = at(number);
    chunks[number] = undefined;
    vacant.push(number);
    if (spare === undefined && chunk.bytes.length === chunkSize) {
      chunk.used = 0;
      spare = chunk;
    } else allocated -= chunk.bytes.length;
  }

  function added(number: number, size: number): Place {
    const chunk = at(number);
    const start = chunk.used;
    chunk.used += size;
    chunk.live += 1;
    held += size;
    return number * largestChunk + start;
  }

  const startOf = (place: Place): number => place % largestChunk;
  const sizeOf = (place: Place): number => chunkOf(place).view.getUint32(startOf(place));
  const placeOfNumber = (place: Place, index: number) => startOf(place) + lengthSize + index * numberSize;

  return {
    put(text) {
      // A character of a string takes at most three bytes. Counted exactly, a long one leaves less of its chunk unused.
      const most = 3 * text.length;
      const number = roomFor(headSize + (most <= chunkSize / 16 ? most : Buffer.byteLength(text)));
      const { bytes, view, used } = at(number);
      const size = headSize + bytes.write(text, used + headSize);
      view.setUint32(used, size);
      return added(number, size);
    },
    take(place, from) {
      const record = from.bytes(place);
      const number = roomFor(record.length);
      const { bytes, used } = at(number);
      record.copy(bytes, used);
      from.free(place);
      return added(number, record.length);
    },
    free(place) {
      const number = Math.floor(place / largestChunk);
      const chunk = at(number);
      held -= sizeOf(place);
      chunk.live -= 1;
      if (chunk.live > 0) return;
      if (number === current) chunk.used = 0;
      else release(number);
    },
    text(place) {
      const start = startOf(place);
      const { bytes } = chunkOf(place);
      return bytes.toString('utf8', start + headSize, start + sizeOf(place));
    },
    number: (place, index) => chunkOf(place).view.getFloat64(placeOfNumber(place, index)),
    setNumber(place, index, value) {
      chunkOf(place).view.setFloat64(placeOfNumber(place, index), value);
    },
    bytes(place) {
      const start = startOf(place);
      return chunkOf(place).bytes.subarray(start, start + sizeOf(place));
    },
    size: sizeOf,
    slack: () => allocated - held,
  };
}
