import type { BacklogCount, OrderStore } from './order-store.ts';

/**
 * How many orders were left pending, as far as this replica knows: counted now and then, and raised by every order that
 * it leaves pending itself. Accurate enough for a bound, and free of a query per order.
 */
export interface Backlog {
  /** Whether the bound is reached, so that new orders have to be refused. */
  isFull(): boolean;
  /** An order was left pending. */
  grew(): void;
  /** Counts anew. */
  refresh(): Promise<void>;
  /** The orders as of the last count. The oldest has grown older since then. */
  snapshot(): BacklogCount;
}

export function createBacklog(store: Pick<OrderStore, 'backlog'>, maxPending: number): Backlog {
  let counted: BacklogCount = { pending: 0, age: undefined };
  let countedAt = 0;
  let grownBy = 0;

  return {
    isFull: () => counted.pending + grownBy >= maxPending,
    grew() {
      grownBy += 1;
    },
    async refresh() {
      const before = grownBy;
      counted = await store.backlog(maxPending + 1);
      countedAt = performance.now();
      // What was left pending while the count ran may be missing from it.
      grownBy -= before;
    },
    snapshot: () => ({
      pending: counted.pending,
      age: counted.age === undefined ? undefined : counted.age + performance.now() - countedAt,
    }),
  };
}
