import { outsideRequests } from '../async-context.ts';
import { type Deadline, noDeadline } from '../resilience/deadline.ts';
import { startTimeLimit, type TimeLimit } from '../resilience/time-limit.ts';

/**
 * Micro-batching, clocked by the work itself: the technique of group commit.
 *
 * An item goes at once if a place is free and items went alone lately. While they went together, one batch runs at a time:
 * what arrives meanwhile waits for its end, unless it is a full batch. No timer makes an item wait: few callers are alone,
 * and the higher the load, the larger the batches and the smaller each item's share of their cost.
 *
 * Nobody pays for a stranger:
 * - When a batch fails in a way that one of its items may have caused, each of them runs again, alone.
 * - The next batch waits for no batch that takes longer than usual. One that takes much longer gives its place back, so that a
 *   few of them do not hold up all that follow.
 * - An item whose deadline comes while it waits is taken out; it was never sent. Batches are bounded by the earliest
 *   deadline in them plus a patience; each item of one that is over by then runs again, alone.
 *
 * @see DeWitt et al., "Implementation Techniques for Main Memory Database Systems", SIGMOD 1984 (group commit)
 */
export interface MicroBatcher<Item, Result> {
  /**
   * Runs an item with the next batch.
   *
   * @param deadline when the caller stops waiting
   * @returns the result of this item, once
   * @throws what `expired` makes, when the deadline comes before the item is sent; else what its run failed with
   */
  add(item: Item, deadline: Deadline): Promise<Result>;
  /** Batches that have not ended, those that gave their place back included, and items that wait for a place. */
  state(): { inFlight: number; waiting: number };
  /** Items that have left the queue so far. */
  completed(): number;
}

export interface MicroBatching<Item, Result> {
  /** Batches at most that run beside each other, apart from slow ones. */
  places: number;
  /** Items in a batch at most. */
  maxItems: number;
  /** Milliseconds after which the next batch no longer waits for one that is still running. */
  lateAfter: number;
  /** Milliseconds, more than {@link lateAfter}, after which a batch that is still running gives its place back. */
  slowAfter: number;
  /** Milliseconds past the earliest deadline that a batch may go on. */
  patience: number;
  /** Runs two or more items together. Resolves with a result for each, in their order. */
  runTogether(items: readonly Item[], deadline: Deadline): Promise<readonly Result[]>;
  runAlone(item: Item, deadline: Deadline): Promise<Result>;
  /** Whether a single item may be the cause of a batch that failed like this. */
  isOfOneItem(error: unknown): boolean;
  /** The error of an item that was never sent. */
  expired(): Error;
  /** Called when items are sent, with their number. */
  onSent?(items: readonly Item[]): void;
}

/** Average size from which batches count as shared. */
const together = 1.5;
/** Of the moving average. After batches of eight, ten items have to go alone until the next one no longer waits for its turn's end. */
const weightOfLast = 0.25;

interface Entry<Item, Result> {
  item: Item;
  deadline: Deadline;
  resolve(result: Result): void;
  reject(error: unknown): void;
  limit: TimeLimit | undefined;
}

interface Running {
  /** On the clock of `performance.now()`. */
  startedAt: number;
}

const isOver = (limit: number, { startedAt }: Running, now: number): boolean => now - startedAt >= limit;

export function createMicroBatcher<Item, Result>(
  batching: MicroBatching<Item, Result>,
): MicroBatcher<Item, Result> {
  /** In order of arrival. No Set, which would keep the entries after their end: `src/in-flight.ts` says why. */
  let waiting: Array<Entry<Item, Result>> = [];
  /** Batches that have not ended. */
  let running: Running[] = [];
  let completed = 0;
  let sending = false;
  let isWatching = false;
  /** Items in a batch lately, as a moving average. */
  let usualSize = 1;

  /**
   * Sends at the end of this turn of the event loop. A turn reads what has arrived on all connections, so under load it
   * brings several items: sent one by one, the first of them would go alone.
   */
  function sendSoon(): void {
    if (sending) return;
    sending = true;
    setImmediate(() => {
      sending = false;
      send();
    });
  }

  /**
   * Several batches beside each other would be smaller ones, and each costs a round trip and a commit. A full batch has nothing
   * to wait for.
   */
  function mayStart(now: number): boolean {
    const placesTaken = running.filter((each) => !isOver(batching.slowAfter, each, now)).length;
    if (placesTaken >= batching.places) return false;
    if (usualSize < together || waiting.length >= batching.maxItems) return true;
    return running.every((each) => isOver(batching.lateAfter, each, now));
  }

  /** Sends what waits, as far as batches may start. */
  function send(): void {
    const now = performance.now();
    while (waiting.length > 0 && mayStart(now)) {
      const batch = takeBatch();
      if (batch.length === 0) return;
      usualSize += (batch.length - usualSize) * weightOfLast;
      const started = { startedAt: now };
      running.push(started);
      // A batch belongs to no request, whichever of them sends it.
      outsideRequests(() => void holdPlace(started, run(batch)));
    }
    if (waiting.length > 0) watch(now);
  }

  /** Looks again when the next batch becomes late or slow. Mostly nothing waits for one, and then it needs no timer. */
  function watch(now: number): void {
    if (isWatching) return;
    const waits = running
      .flatMap(({ startedAt }) => [
        startedAt + batching.lateAfter - now,
        startedAt + batching.slowAfter - now,
      ])
      .filter((wait) => wait > 0);
    if (waits.length === 0) return;
    isWatching = true;
    outsideRequests(() =>
      setTimeout(
        () => {
          isWatching = false;
          send();
        },
        Math.ceil(Math.min(...waits)),
      ),
    );
  }

  /** Takes those out that have waited longest, up to the bound. Those whose deadline has passed end here. */
  function takeBatch(): Array<Entry<Item, Result>> {
    const batch: Array<Entry<Item, Result>> = [];
    let left = 0;
    for (const entry of waiting) {
      left += 1;
      entry.limit?.clear();
      // Timers fire late in a busy process.
      if (entry.deadline.remaining() <= 0) entry.reject(batching.expired());
      else if (batch.push(entry) === batching.maxItems) break;
    }
    waiting = waiting.slice(left);
    completed += left;
    return batch;
  }

  function expire(entry: Entry<Item, Result>): void {
    waiting = waiting.filter((each) => each !== entry);
    completed += 1;
    entry.reject(batching.expired());
  }

  async function holdPlace(batch: Running, batchEnds: Promise<void>): Promise<void> {
    await batchEnds;
    running = running.filter((each) => each !== batch);
    send();
  }

  /** Never rejects: every outcome goes to the entry that it belongs to. */
  function run(batch: ReadonlyArray<Entry<Item, Result>>): Promise<void> {
    const items = batch.map(({ item }) => item);
    batching.onSent?.(items);
    const [only] = batch;
    return batch.length === 1 && only !== undefined ? runAlone(only) : runTogether(batch, items);
  }

  async function runTogether(
    batch: ReadonlyArray<Entry<Item, Result>>,
    items: readonly Item[],
  ): Promise<void> {
    try {
      const results = await batching.runTogether(items, earliest(batch, batching.patience));
      for (const [index, entry] of batch.entries()) entry.resolve(results[index] as Result);
    } catch (error) {
      if (batching.isOfOneItem(error)) await Promise.all(batch.map(runAlone));
      else for (const { reject } of batch) reject(error);
    }
  }

  async function runAlone({ item, deadline, resolve, reject }: Entry<Item, Result>): Promise<void> {
    try {
      resolve(await batching.runAlone(item, deadline));
    } catch (error) {
      reject(error);
    }
  }

  return {
    add(item, deadline) {
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      const entry: Entry<Item, Result> = { item, deadline, resolve, reject, limit: undefined };
      waiting.push(entry);
      if (usualSize < together && !sending) send();
      else sendSoon();
      const remaining = deadline.remaining();
      if (waiting.at(-1) === entry && remaining !== Infinity) {
        entry.limit = startTimeLimit({ elapsed: remaining }, () => expire(entry));
      }
      return promise;
    },
    state: () => ({ inFlight: running.length, waiting: waiting.length }),
    completed: () => completed,
  };
}

/** The earliest deadline of the entries, with some patience: the others need not suffer from a short one. */
function earliest(batch: ReadonlyArray<{ deadline: Deadline }>, patience: number): Deadline {
  const deadlines = batch.map(({ deadline }) => deadline).filter((deadline) => deadline !== noDeadline);
  if (deadlines.length === 0) return noDeadline;
  return { remaining: () => Math.min(...deadlines.map((deadline) => deadline.remaining())) + patience };
}
