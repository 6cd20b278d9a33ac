export interface Sized {
  /** Estimated size in memory. */
  bytes: number;
}

/** Keeps the newest items. Beyond the capacity, the oldest are evicted first. */
export interface Ring<T extends Sized> {
  push(item: T): void;
  /** Adds to the size of an item in the ring. */
  grow(item: T, bytes: number): void;
  newestFirst(): Iterable<T>;
  bytes(): number;
  size(): number;
}

/** @param capacity in bytes, by the items' own estimates */
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
    // Compacted rarely enough that the cost per item is negligible.
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
      // An eviction during the iteration removes the oldest items, which come last.
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
