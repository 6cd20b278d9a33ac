import type { Batch } from '../batch.ts';
import type { Counts } from '../counts.ts';
import type { Target } from './target.ts';

export interface Dispatcher {
  /** Resolves once the batch is on its way, which waits while `inFlight` others are. @throws {unknown} the reason of the signal */
  deliver(batch: Batch): Promise<void>;
  /** Resolves once every batch is accepted, and rejects if one never can be. */
  drain(): Promise<void>;
  /** Batches that are not accepted yet. */
  inFlight(): number;
  /** Lines of them, and of those that wait to be sent. */
  linesInFlight(): number;
  /** Seconds since 1970: the time of the newest accepted line. */
  newest(): number;
}

/**
 * Sends a bounded number of batches at the same time to every target. An input is forwarded up to the end of a batch only
 * when all batches before it are accepted, too, in whatever order they are.
 */
export function createDispatcher(
  targets: readonly Target[],
  options: { inFlight: number; counts: Counts; signal: AbortSignal; accepted: () => void },
): Dispatcher {
  const { counts, signal } = options;
  /** In the order of reading. */
  const pending: Array<{ batch: Batch; isAccepted: boolean }> = [];
  const sending = new Set<Promise<void>>();
  /** Lines of batches that wait for one of those. */
  let waiting = 0;
  let newest = 0;
  /** Its first, which is that of all later batches, too. */
  const failures: unknown[] = [];
  let changed = Promise.withResolvers<void>();

  function settle(): void {
    let isMoved = false;
    for (let first = pending[0]; first?.isAccepted; first = pending[0]) {
      pending.shift();
      isMoved = true;
      if (first.batch.lines > 0) counts.batches += 1;
      newest = Math.max(newest, first.batch.newest);
      for (const [input, position] of first.batch.ends) input.accepted(position);
    }
    if (isMoved) options.accepted();
    changed.resolve();
    changed = Promise.withResolvers();
  }

  async function send(entry: (typeof pending)[number]): Promise<void> {
    try {
      // Blank lines alone move an input without anything to send.
      if (entry.batch.lines > 0) await Promise.all(targets.map((target) => target.send(entry.batch, signal)));
      entry.isAccepted = true;
      entry.batch.release();
    } catch (error) {
      failures.push(error);
    }
    settle();
  }

  return {
    async deliver(batch) {
      waiting += batch.lines;
      while (pending.length >= options.inFlight && failures.length === 0) await changed.promise;
      if (failures.length > 0) throw failures[0];
      waiting -= batch.lines;
      const entry = { batch, isAccepted: false };
      pending.push(entry);
      const sent = send(entry);
      sending.add(sent);
      void sent.then(() => sending.delete(sent));
    },
    async drain() {
      await Promise.all(sending);
      if (failures.length > 0) throw failures[0];
    },
    inFlight: () => pending.length,
    linesInFlight: () => pending.reduce((sum, { batch }) => sum + batch.lines, waiting),
    newest: () => newest,
  };
}
