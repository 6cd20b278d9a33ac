import type { BacklogCount, OrderStore } from './order-store.ts';

/**
 * This replica's estimate of how many orders are left pending: it counts them from time to time, and adds each order
 * that it leaves pending itself. That is accurate enough for a bound, without a query per order.
 */
export interface Backlog {
  /** Whether the bound is reached and new orders must be refused. */
  isFull(): boolean;
  /** Records that this replica left an order pending. */
  grew(): void;
  /** Counts the pending orders again. */
  refresh(): Promise<void>;
  /** The last count; `age` includes the time since then. */
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
      // The count may miss orders that were left pending while it ran.
      grownBy -= before;
    },
    snapshot: () => ({
      pending: counted.pending,
      age: counted.age === undefined ? undefined : counted.age + performance.now() - countedAt,
    }),
  };
}
