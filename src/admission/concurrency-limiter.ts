import { startTimeLimit, type TimeLimit } from '../resilience/time-limit.ts';
import { type Priority, priorities, ranks, roomFor } from './priorities.ts';

/** Why a request is shed. */
export type ShedReason =
  /** Neither the limit nor the queue had room. */
  | 'queue_full'
  /** It waited in the queue for the longest allowed time. */
  | 'queue_timeout'
  /** The event loop lags, and a queue would make it lag more. */
  | 'event_loop'
  /** The client has closed the connection. */
  | 'client_gone';

export interface Admitted {
  kind: 'admitted';
  /** Frees the slot for the next request. Idempotent. */
  leave: () => void;
}

export interface Shed {
  kind: 'shed';
  reason: ShedReason;
  /** Set when the request's own time limit ended the wait, not that of the queue. */
  ownLimit?: true;
}

export interface Queued {
  kind: 'queued';
  /** Leaves the queue; no decision follows. */
  abandon: () => void;
}

export interface ConcurrencyLimiter {
  /**
   * Admits, sheds or queues a request. A queued one waits for at most `timeLimit` ms, and never longer than the queue's
   * own timeout. Its outcome is passed to `decided`, once, in another request's async context.
   */
  enter(
    priority: Priority,
    timeLimit: number,
    decided: (decision: Admitted | Shed) => void,
  ): Admitted | Shed | Queued;
  /** Admits queued requests. Call it after the limit has grown. */
  admitQueued(): void;
  state(): { inFlight: number; queued: number };
  /** Number of requests that have left so far. */
  completed(): number;
  /** Peak number of requests in flight since the last call. */
  takePeak(): number;
}

export interface LimiterConditions {
  limit(): number;
  /** Longest queue whose requests still start in time. */
  queueBound(): number;
  /** Longest wait in the queue, in milliseconds. */
  queueTimeout: number;
  loopLate(): boolean;
}

interface Waiting {
  decide(decision: Admitted | Shed): void;
  limit: TimeLimit | undefined;
}

/**
 * Admits requests up to a limit that may change at any time, queues a few by priority and then by arrival, and sheds the
 * rest at once. When the queue is full, a request displaces the last one of the lowest priority below its own.
 */
export function createConcurrencyLimiter(conditions: LimiterConditions): ConcurrencyLimiter {
  const queues = Array.from({ length: ranks }, (): Waiting[] => []);
  let inFlight = 0;
  let queued = 0;
  let completed = 0;
  let peak = 0;

  const hasRoom = (priority: Priority) => inFlight < roomFor(priority, conditions.limit());

  function admit(): Admitted {
    inFlight += 1;
    if (inFlight > peak) peak = inFlight;
    let left = false;
    return {
      kind: 'admitted',
      leave() {
        if (left) return;
        left = true;
        inFlight -= 1;
        completed += 1;
        if (queued > 0) admitQueued();
      },
    };
  }

  function admitQueued(): void {
    for (const [name, { rank }] of byRank) {
      while (hasRoom(name)) {
        const next = queues[rank]?.[0];
        if (next === undefined) break;
        remove(rank, next);
        next.decide(admit());
      }
    }
  }

  /** Returns whether the request was still queued. */
  function remove(rank: number, waiting: Waiting): boolean {
    const queue = queues[rank] ?? [];
    const index = queue.indexOf(waiting);
    if (index === -1) return false;
    queue.splice(index, 1);
    waiting.limit?.clear();
    queued -= 1;
    return true;
  }

  /** Sheds the last queued request of the lowest rank below this one. Returns whether there was one. */
  function displace(rank: number): boolean {
    for (let lower = ranks - 1; lower > rank; lower -= 1) {
      const last = queues[lower]?.at(-1);
      if (last === undefined) continue;
      remove(lower, last);
      last.decide(shed.queue_full);
      return true;
    }
    return false;
  }

  return {
    enter(priority, timeLimit, decided) {
      const { rank } = priorities[priority];
      const late = conditions.loopLate();
      if (late && rank === ranks - 1) return shed.event_loop;
      // A queued request found no slot, so only one of a higher priority can still find one: nothing is overtaken.
      if (hasRoom(priority)) return admit();
      if (late) return shed.event_loop;
      if (queued >= conditions.queueBound() && !displace(rank)) return shed.queue_full;

      const waiting: Waiting = { decide: decided, limit: undefined };
      const ownLimit = timeLimit < conditions.queueTimeout;
      const expire = () => {
        if (remove(rank, waiting)) decided(ownLimit ? shed.own_limit : shed.queue_timeout);
      };
      const wait = ownLimit ? timeLimit : conditions.queueTimeout;
      // Responses that free slots come first, also those that arrived while the event loop was blocked.
      waiting.limit = startTimeLimit({ elapsed: wait }, expire);
      queues[rank]?.push(waiting);
      queued += 1;
      return { kind: 'queued', abandon: () => void remove(rank, waiting) };
    },
    admitQueued,
    state: () => ({ inFlight, queued }),
    completed: () => completed,
    takePeak() {
      const taken = peak;
      peak = inFlight;
      return taken;
    },
  };
}

const byRank = (Object.entries(priorities) as Array<[Priority, { rank: number }]>).toSorted(
  ([, one], [, other]) => one.rank - other.rank,
);

/** Shared constants, because shedding must be cheap. */
const shed = {
  queue_full: { kind: 'shed', reason: 'queue_full' },
  queue_timeout: { kind: 'shed', reason: 'queue_timeout' },
  own_limit: { kind: 'shed', reason: 'queue_timeout', ownLimit: true },
  event_loop: { kind: 'shed', reason: 'event_loop' },
} as const satisfies Record<string, Shed>;
