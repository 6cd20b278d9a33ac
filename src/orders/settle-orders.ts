import { setTimeout as delay } from 'node:timers/promises';
import { codesOf } from '../errors.ts';
import type { LeasedOrder, Order } from './order.ts';
import type { OrderDependencies } from './order-dependencies.ts';
import { chargeFor, recordOutcome } from './record-outcome.ts';

export interface SettlementWorker {
  start(): void;
  /** Makes the worker look for orders at once, because conditions have changed. */
  wake(): void;
  /** Takes no more orders, and resolves when those in flight are done. */
  stop(): Promise<void>;
}

export interface WorkerOptions {
  /** Milliseconds between two polls while there is nothing to do. */
  pollInterval: number;
  /** Orders settled at the same time. They take gateway and database capacity away from live traffic. */
  concurrency: number;
  /** Orders taken in one statement. */
  batchSize: number;
  /** Length of a batch's lease in milliseconds, longer than a batch takes. */
  lease: number;
  /** Orders that the gateway can take now: none while its circuit is open, one as the probe of a half-open one. */
  capacity(): number;
}

/**
 * Settles the orders that requests left pending after a crash, a timeout or an open circuit. Every replica runs one
 * worker, and they share the work. The worker returns to an order round after round, so it calls the gateway once per
 * round and never retries.
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
  /** The fault that the last poll met. */
  let failing: string | undefined;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const found = await settleBatch().then(reportSuccess, reportFailure);
      if (!found) await sleep();
    }
  }

  function reportSuccess(found: boolean): boolean {
    if (failing !== undefined) events.settlementResumed();
    failing = undefined;
    return found;
  }

  /** Reports a fault once, however many polls meet it. */
  function reportFailure(error: unknown): boolean {
    const fault = codesOf(error);
    if (fault !== failing) events.settlementFailed(error);
    failing = fault;
    return false;
  }

  /** Returns whether there was anything to do. */
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

  /** Waits for the next poll or for `wake`. The jitter keeps replicas from polling in step. */
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

/**
 * One round: calls the gateway and stores the outcome. It cancels and no longer charges past the settlement deadline, and
 * once the client has asked to cancel.
 */
async function settleOrder(dependencies: OrderDependencies, leased: LeasedOrder): Promise<Order> {
  const { payments, policy } = dependencies;
  const context = { requestId: `settle-${leased.order.id}`, retry: false };
  const outcome =
    leased.cancelling || leased.age > policy.deadline
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
