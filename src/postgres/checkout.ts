import type { Pool, PoolClient } from 'pg';
import { outsideRequests } from '../async-context.ts';
import { startTimeLimit, type TimeLimit } from '../resilience/time-limit.ts';

/**
 * Hands out the connections of a pool. Whoever asks first gets the first that is free.
 *
 * The queue of pg's pool has plain timers, which give up a wait although a connection came free while the process was
 * suspended or busy. Here at most as many callers ask the pool as it has connections, so none waits there.
 */
export interface Checkout {
  /**
   * @param timeLeft milliseconds by the clock until the caller stops waiting; a connection that comes later goes straight back
   * @throws what `tooLate` makes, at the end of this time; the errors of pg's pool
   */
  connect(timeLeft: number, tooLate: () => Error): Promise<CheckedOut>;
  /** Callers that wait for others to give a connection back. */
  waiting(): number;
}

export interface CheckedOut {
  client: PoolClient;
  /** @param error why the connection is of no use any more */
  release(error?: Error): void;
}

/**
 * @param pool without a timeout of its own
 * @param options.max its connections
 * @param options.timeout longest wait for one, new or given back, in milliseconds in which this process runs
 */
export function createCheckout(pool: Pool, { max, timeout }: { max: number; timeout: number }): Checkout {
  let queue: Array<() => void> = [];
  let out = 0;

  function giveBack(): void {
    const next = queue.shift();
    if (next === undefined) out -= 1;
    else next();
  }

  return {
    connect(timeLeft, tooLate) {
      const { promise, resolve, reject } = Promise.withResolvers<CheckedOut>();
      const until = performance.now() + timeLeft;
      let hasArrived = false;
      let late = false;
      let limit: TimeLimit | undefined;
      const ask = (): void => pool.connect(arrived);

      function giveUp(): void {
        late = true;
        const isQueued = queue.includes(ask);
        queue = queue.filter((each) => each !== ask);
        if (performance.now() >= until - 1) reject(tooLate());
        // The messages of pg's pool.
        else if (isQueued) reject(new Error('timeout exceeded when trying to connect'));
        else reject(new Error('Connection terminated due to connection timeout'));
      }

      function arrived(error: Error | undefined, client: PoolClient | undefined): void {
        hasArrived = true;
        limit?.clear();
        // It starts the timer that closes an idle connection.
        const release = (fault?: Error) => {
          outsideRequests(() => client?.release(fault));
          giveBack();
        };
        if (client === undefined) {
          reject(error ?? new Error('there is no connection'));
          giveBack();
        } else if (late) release();
        else resolve({ client, release });
      }

      if (out < max) {
        out += 1;
        ask();
      } else queue.push(ask);
      // The pool hands out an open connection in a tick of its own, which has run by then. No timer is needed for it.
      process.nextTick(() => {
        if (!hasArrived) limit = startTimeLimit({ elapsed: timeLeft, running: timeout }, giveUp);
      });
      return promise;
    },
    waiting: () => queue.length,
  };
}
