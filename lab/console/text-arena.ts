/**
 * Texts outside of the heap of V8, in chunks: the garbage collector neither moves them nor lets the heap grow to a multiple
 * of them. Texts that are freed roughly in the order in which they came leave no gaps for long.
 */
export interface TextArena {
  put(text: string): StoredText;
  /** Takes a text of another arena, which frees it. */
  take(text: StoredText, from: TextArena): StoredText;
  free(text: StoredText): void;
}

export interface StoredText {
  readonly chunk: Chunk;
  readonly start: number;
  readonly end: number;
}

interface Chunk {
  readonly bytes: Buffer;
  used: number;
  /** Number of texts in it that are not freed. */
  live: number;
}

const chunkSize = 524_288;

/** Approximate bytes of a stored text beside its bytes: the objects that refer to it. */
const overhead = 160;

export const readText = ({ chunk, start, end }: StoredText): string =>
  chunk.bytes.toString('utf8', start, end);
export const sizeOfStored = ({ start, end }: StoredText): number => overhead + end - start;

export function createTextArena(): TextArena {
  let current = newChunk(chunkSize);
  /** Empty chunks of the usual size, to be used again. */
  const spare: Chunk[] = [];

  /** @param longest bytes that the text may need */
  function roomFor(longest: number): Chunk {
    if (longest <= current.bytes.length - current.used) return current;
    // A long text has a chunk of its own.
    if (longest > chunkSize) return newChunk(longest);
    const full = current;
    current = spare.pop() ?? newChunk(chunkSize);
    if (full.live === 0) recycle(full);
    return current;
  }

  function recycle(chunk: Chunk): void {
    if (chunk.bytes.length !== chunkSize || spare.length > 8) return;
    chunk.used = 0;
    spare.push(chunk);
  }

  const added = (chunk: Chunk, length: number): StoredText => {
    const start = chunk.used;
    chunk.used += length;
    chunk.live += 1;
    return { chunk, start, end: chunk.used };
  };

  return {
    put(text) {
      // A character of a string takes at most three bytes.
      const chunk = roomFor(3 * text.length <= chunkSize ? 3 * text.length : Buffer.byteLength(text));
      return added(chunk, chunk.bytes.write(text, chunk.used));
    },
    take(text, from) {
      const length = text.end - text.start;
      const chunk = roomFor(length);
      text.chunk.bytes.copy(chunk.bytes, chunk.used, text.start, text.end);
      from.free(text);
      return added(chunk, length);
    },
    free({ chunk }) {
      chunk.live -= 1;
      if (chunk.live === 0 && chunk !== current) recycle(chunk);
    },
  };
}

const newChunk = (size: number): Chunk => ({ bytes: Buffer.allocUnsafeSlow(size), used: 0, live: 0 });
