import type { BacklogCount, OrderStore } from './order-store.ts';

/**
 * This replica's estimate of how many orders are left pending: it counts them from time to time, and adds each order
 * that it leaves pending itself. That is accurate enough for a bound, without a query per order.
 */
export interface Backlog {
  /** Whether a bound is reached and new orders of the client must be refused. */
  isFullFor(clientId: string): boolean;
  /** Whether orders of several clients are pending. */
  isOfSeveral(): boolean;
  /** Records that this replica left an order of the client pending. */
  grew(clientId: string): void;
  /** Counts the pending orders again. */
  refresh(): Promise<void>;
  /**
   * The last count; `age` includes the time since then. None before the first one, and none when counting has failed for a minute: what
   * others settle meanwhile would grow older here without end.
   */
  snapshot(): Pick<BacklogCount, 'pending' | 'age'> | undefined;
}

export interface BacklogPolicy {
  /** Number of pending orders at which new ones are refused. */
  maxPending: number;
  /**
   * From 0 to 1: the share that one client may take of the room that the others leave. Below 1, some room is always left
   * for a client that has no pending order yet, so that whoever fills the backlog is refused alone.
   *
   * @see https://doi.org/10.1109/90.664262 (dynamic queue length thresholds, which share a buffer in the same way)
   */
  clientShare: number;
}

/** Milliseconds for which a count is trusted while the next one fails. */
const trusted = 60_000;

export function createBacklog(
  store: Pick<OrderStore, 'backlog'>,
  { maxPending, clientShare }: BacklogPolicy,
): Backlog {
  let counted: BacklogCount = { pending: 0, byClient: new Map(), age: undefined };
  let countedAt: number | undefined;
  let failingSince: number | undefined;
  /** Since the count. There are no more clients than API keys. */
  let grownBy = new Map<string, number>();

  return {
    isFullFor(clientId) {
      const own = (counted.byClient.get(clientId) ?? 0) + (grownBy.get(clientId) ?? 0);
      const all = counted.pending + sum(grownBy);
      return all >= maxPending || own >= clientShare * (maxPending - (all - own));
    },
    isOfSeveral: () => new Set([...counted.byClient.keys(), ...grownBy.keys()]).size > 1,
    grew(clientId) {
      grownBy.set(clientId, (grownBy.get(clientId) ?? 0) + 1);
    },
    async refresh() {
      const before = new Map(grownBy);
      try {
        counted = await store.backlog();
      } catch (error) {
        failingSince ??= performance.now();
        throw error;
      }
      countedAt = performance.now();
      failingSince = undefined;
      // The count may miss orders that were left pending while it ran.
      grownBy = new Map(
        [...grownBy]
          .map(([client, count]) => [client, count - (before.get(client) ?? 0)] as const)
          .filter(([, count]) => count > 0),
      );
    },
    snapshot() {
      const now = performance.now();
      if (countedAt === undefined || now - (failingSince ?? now) > trusted) return undefined;
      return {
        pending: counted.pending,
        age: counted.age === undefined ? undefined : counted.age + now - countedAt,
      };
    },
  };
}

function sum(counts: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}
