import { setTimeout as delay } from 'node:timers/promises';
import { createInFlight } from '../in-flight.ts';

/** Takes work that is due and does several pieces at a time, so that a free lane finds its next piece taken already. */
export interface Crew {
  start(): void;
  /** Makes the crew look for work at once, because conditions have changed. */
  wake(): void;
  /** Takes no more work, and resolves when what is in flight is done. */
  stop(): Promise<void>;
}

/** @typeParam T a piece of work, leased from where it is stored */
export interface CrewOptions<T> {
  /** Pieces worked on at the same time. */
  lanes: number;
  /** Pieces taken at once. */
  batchSize: number;
  /**
   * Whether pieces are taken while all lanes are still busy: up to a batch of them waits, and the next are taken once half of it is
   * left, so that no lane waits for the statement that takes them. Default false: a piece is taken when its lane is free.
   */
  ahead?: boolean;
  /** Milliseconds between two looks while there is nothing to do. */
  pollInterval: number;
  /** Pieces that may be in hand now. */
  capacity(): number;
  /** Leases up to `limit` pieces that are due. */
  take(limit: number): Promise<T[]>;
  /** Called before each look for work. Default: nothing is. */
  beforeLook?(): Promise<void>;
  /** Whose work it is: clients get lanes in turn. */
  clientOf(piece: T): string;
  /** One round of a piece. @param stopping aborted when the crew stops */
  work(piece: T, stopping: AbortSignal): Promise<unknown>;
  /** Gives a piece back that was taken and not worked on. */
  giveBack(piece: T): Promise<unknown>;
  /** A look for work ended, with an error or without. After an error the crew looks again. */
  onLook(error?: unknown): void;
  /** The round of a piece failed. Its lease ends, and then it is due again. */
  onRoundFailed(error: unknown): void;
}

export function createCrew<T>(options: CrewOptions<T>): Crew {
  const { lanes, batchSize, ahead = false } = options;
  const mostInHand = ahead ? lanes + batchSize : lanes;
  const leastTaken = ahead ? Math.ceil(batchSize / 2) : 1;
  const stopping = new AbortController();
  const working = createInFlight();
  /** Lanes by client. */
  const lanesOf = new Map<string, number>();
  const waiting: T[] = [];
  let alarm = new AbortController();
  let laneFreed = Promise.withResolvers<void>();
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const inHand = working.size() + waiting.length;
      const room = Math.min(mostInHand, options.capacity()) - inHand;
      const limit = Math.min(room, batchSize);
      if (inHand > 0 && limit < Math.min(leastTaken, options.capacity())) {
        await laneFreed.promise;
        continue;
      }
      const taken = await look(limit);
      waiting.push(...taken);
      occupyLanes();
      if (limit <= 0 || taken.length < limit) await sleep();
    }
  }

  async function look(limit: number): Promise<T[]> {
    try {
      await options.beforeLook?.();
      if (limit <= 0) return [];
      const taken = await options.take(limit);
      options.onLook();
      return taken;
    } catch (error) {
      options.onLook(error);
      return [];
    }
  }

  /** The next piece of the client that has the fewest lanes, so that pieces that take long delay those of their client. */
  function takeNext(): T | undefined {
    let [next, fewest] = [-1, Number.POSITIVE_INFINITY];
    for (const [index, piece] of waiting.entries()) {
      const own = lanesOf.get(options.clientOf(piece)) ?? 0;
      if (own < fewest) [next, fewest] = [index, own];
    }
    return next === -1 ? undefined : waiting.splice(next, 1)[0];
  }

  /** Starts the next pieces. A crew that stops gives all of them back, which needs no lane. */
  function occupyLanes(): void {
    while (working.size() < lanes || stopping.signal.aborted) {
      const piece = takeNext();
      if (piece === undefined) return;
      const clientId = options.clientOf(piece);
      lanesOf.set(clientId, (lanesOf.get(clientId) ?? 0) + 1);
      const round = stopping.signal.aborted ? options.giveBack(piece) : options.work(piece, stopping.signal);
      void working.track(round.catch(options.onRoundFailed)).then(() => {
        const left = (lanesOf.get(clientId) ?? 0) - 1;
        if (left > 0) lanesOf.set(clientId, left);
        else lanesOf.delete(clientId);
        occupyLanes();
        laneFreed.resolve();
        laneFreed = Promise.withResolvers();
      });
    }
  }

  /** Waits for the next poll or for `wake`. The jitter keeps replicas from polling in step. */
  async function sleep(): Promise<void> {
    // Node's timers fire immediately for a longer delay.
    const interval = Math.min(options.pollInterval * (0.75 + Math.random() / 2), 2 ** 31 - 1);
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
      laneFreed.resolve();
      occupyLanes();
      await running;
      await working.ended();
    },
  };
}
