export interface Sized {
  /** An estimate of what it takes in memory. */
  bytes: number;
}

/** Keeps what came last: what is over the capacity leaves in the order in which it came. */
export interface Ring<T extends Sized> {
  push(item: T): void;
  /** To be told of, for an item that is in here. */
  grow(item: T, bytes: number): void;
  newestFirst(): Iterable<T>;
  bytes(): number;
  size(): number;
}

/** @param capacity in bytes, as the items tell them */
export function createRing<T extends Sized>(
  capacity: number,
  onEvict: (item: T) => void = () => {},
): Ring<T> {
  let items: Array<T | undefined> = [];
  let oldest = 0;
  let total = 0;

  function evict(): void {
    while (total > capacity) {
      const item = items[oldest];
      if (item === undefined) return;
      items[oldest] = undefined;
      oldest += 1;
      total -= item.bytes;
      onEvict(item);
    }
    // Moved seldom enough to cost nothing per item.
    if (oldest > 1024 && oldest * 2 > items.length) {
      items = items.slice(oldest);
      oldest = 0;
    }
  }

  return {
    push(item) {
      items.push(item);
      total += item.bytes;
      evict();
    },
    grow(item, bytes) {
      item.bytes += bytes;
      total += bytes;
      evict();
    },
    *newestFirst() {
      // What is evicted while somebody reads was the oldest.
      const held = items;
      for (let at = held.length - 1; at >= 0; at -= 1) {
        const item = held[at];
        if (item === undefined) return;
        yield item;
      }
    },
    bytes: () => total,
    size: () => items.length - oldest,
  };
}

/** What else than its text a record takes: the object around it, its place in lists. In bytes, roughly. */
const overhead = 160;

/** Strings take a byte per character, and two where one character of them needs it. */
export function sizeOf(text: string): number {
  // oxlint-disable-next-line no-control-regex -- exactly the characters that take one byte
  return overhead + (/^[\u0000-\u00ff]*$/.test(text) ? text.length : 2 * text.length);
}
