import { setTimeout as delay } from 'node:timers/promises';
import type { LeasedOrder, Order } from './order.ts';
import type { OrderDependencies } from './order-dependencies.ts';
import { chargeFor, recordOutcome } from './record-outcome.ts';

export interface SettlementWorker {
  start(): void;
  /** Something changed that makes it worth looking at once. */
  wake(): void;
  /** Takes no more orders, and ends when those at hand are through. */
  stop(): Promise<void>;
}

export interface WorkerOptions {
  /** Milliseconds between two looks while there is nothing to do. */
  pollInterval: number;
  /** Orders settled at the same time: the share of gateway and database that live traffic has to do without. */
  concurrency: number;
  /** Orders taken in one statement. */
  batchSize: number;
  /** Milliseconds for which a batch is held. Longer than it takes to get through one. */
  lease: number;
  /** Orders that the gateway may be asked about now: none while its circuit is open, one to probe it half-open. */
  capacity(): number;
}

/**
 * Settles what requests left pending: after a crash, a timeout, an open circuit. Every replica runs one, and they
 * share the work. The worker itself comes back to an order round after round, so that it asks the gateway once per
 * round and retries nothing.
 */
export function createSettlementWorker(
  dependencies: OrderDependencies,
  options: WorkerOptions,
): SettlementWorker {
  const { store, backlog, events } = dependencies;
  const stopping = new AbortController();
  let alarm = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let countedAt = Number.NEGATIVE_INFINITY;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const found = await settleBatch().catch((error: unknown) => events.settlementFailed(error));
      if (!found) await sleep();
    }
  }

  /** Whether there was anything to do. */
  async function settleBatch(): Promise<boolean> {
    if (performance.now() - countedAt >= options.pollInterval) {
      await backlog.refresh();
      countedAt = performance.now();
    }
    const limit = Math.min(options.batchSize, options.capacity());
    if (limit === 0) return false;
    const batch = await store.takeDue(limit, options.lease);
    await inParallel(batch, options.concurrency, async (leased) => {
      if (stopping.signal.aborted) await store.release(leased, 0);
      else await events.settling(leased, () => settleOrder(dependencies, leased));
    });
    return batch.length > 0;
  }

  /** Until the next look is due or somebody wakes it. The jitter keeps replicas from looking in step. */
  async function sleep(): Promise<void> {
    const interval = options.pollInterval * (0.75 + Math.random() / 2);
    const signal = AbortSignal.any([stopping.signal, alarm.signal]);
    await delay(interval, undefined, { signal }).catch(() => {});
    alarm = new AbortController();
  }

  return {
    start() {
      running = run();
    },
    wake() {
      alarm.abort();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** One round: ask the gateway, write down what it says. Past its deadline an order is not charged but cancelled. */
async function settleOrder(dependencies: OrderDependencies, leased: LeasedOrder): Promise<Order> {
  const { payments, policy } = dependencies;
  const context = { requestId: `settle-${leased.order.id}`, retry: false };
  const outcome =
    leased.age > policy.deadline
      ? await payments.cancel(leased.order.id, context)
      : await payments.charge(chargeFor(leased), context);
  return recordOutcome(dependencies, leased, outcome);
}

async function inParallel<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const lanes = Array.from({ length: concurrency }, async () => {
    for (const item of queue) await work(item);
  });
  await Promise.all(lanes);
}
