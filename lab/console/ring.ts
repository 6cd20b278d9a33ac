/** Keeps the newest items. Beyond the capacity, the oldest are evicted first. */
export interface Ring<T> {
  push(item: T): void;
  /** Says that an item of the ring has grown by so many bytes, or with 0, that only the slack has. */
  grew(bytes: number): void;
  newestFirst(): Iterable<T>;
  /** Everything that counts against the capacity. */
  bytes(): number;
  size(): number;
}

export interface RingOptions<T> {
  /** In bytes. */
  capacity: number;
  sizeOf(item: T): number;
  onEvict?(item: T): void;
  /** Bytes that are held beside the items, and are given back as items are evicted. */
  slack?(): number;
}

export function createRing<T>({
  capacity,
  sizeOf,
  onEvict = () => {},
  slack = () => 0,
}: RingOptions<T>): Ring<T> {
  let items: Array<T | undefined> = [];
  let oldest = 0;
  let total = 0;

  function evict(): void {
    while (total + slack() > capacity) {
      const item = items[oldest];
      if (item === undefined) return;
      items[oldest] = undefined;
      oldest += 1;
      total -= sizeOf(item);
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
      total += sizeOf(item);
      evict();
    },
    grew(bytes) {
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
    bytes: () => total + slack(),
    size: () => items.length - oldest,
  };
}
