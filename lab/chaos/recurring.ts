import { setTimeout as delay } from 'node:timers/promises';
import { continueWhenGone } from '../harness/thaw-guard.ts';
import type { Replica } from './replica.ts';

/** Faults that come again and again, each with what ends it. */

/** Does the work now and every `every` seconds until rolled back. A turn that fails is skipped. */
export async function repeat(
  every: number,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<() => Promise<void>> {
  const ending = new AbortController();
  const turns = (async () => {
    while (!ending.signal.aborted) {
      const started = performance.now();
      // Postgres may be down because another fault has just killed it.
      await work(ending.signal).catch(() => {});
      const remaining = 1000 * every - (performance.now() - started);
      await delay(Math.max(0, remaining), undefined, { signal: ending.signal }).catch(() => {});
    }
  })();
  return async () => {
    ending.abort();
    await turns;
  };
}

/** Lets the replicas run for `quota` milliseconds of every `period`, as the quota of a container does. */
export async function throttle(
  replicas: readonly Replica[],
  quota: number,
  period: number,
): Promise<() => Promise<void>> {
  const thaw = () => {
    for (const replica of replicas) replica.freeze(false);
  };
  const endGuard = continueWhenGone(replicas.flatMap((replica) => replica.pid() ?? []));
  const endThrottling = await repeat(period / 1000, async (signal) => {
    for (const replica of replicas) replica.freeze(true);
    await delay(period - quota, undefined, { signal }).finally(thaw);
  });
  return async () => {
    await endThrottling();
    endGuard();
  };
}
