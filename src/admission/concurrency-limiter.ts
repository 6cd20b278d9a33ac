import { startTimeLimit, type TimeLimit } from '../resilience/time-limit.ts';
import { byPriority, lowestPriority, type Priority, priorities, roomFor } from './priorities.ts';

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
  /** Why a request would be shed if it entered now; `undefined` if it would be admitted or queued. */
  wouldShed(priority: Priority): 'queue_full' | 'event_loop' | undefined;
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
  limit: TimeLimit;
}

/**
 * Admits requests up to a limit that may change at any time, queues a few by priority and then by arrival, and sheds the
 * rest at once. When the queue is full, a request displaces the last one of the lowest priority below its own.
 */
export function createConcurrencyLimiter(conditions: LimiterConditions): ConcurrencyLimiter {
  const queues: Record<Priority, Waiting[]> = { read: [], finish: [], place: [], list: [] };
  let inFlight = 0;
  let queued = 0;
  let completed = 0;
  let peak = 0;

  const hasRoom = (priority: Priority) => inFlight < roomFor(priority, conditions.limit());

  function admit(): Admitted {
    inFlight += 1;
    peak = Math.max(peak, inFlight);
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
    for (const priority of byPriority) {
      while (hasRoom(priority)) {
        const [next] = queues[priority];
        if (next === undefined) break;
        remove(priority, next);
        next.decide(admit());
      }
    }
  }

  /** Without effect if the request is no longer queued. */
  function remove(priority: Priority, waiting: Waiting): void {
    const index = queues[priority].indexOf(waiting);
    if (index === -1) return;
    queues[priority].splice(index, 1);
    waiting.limit.clear();
    queued -= 1;
  }

  /** Sheds the last queued request of the lowest priority below this one. */
  function displace(priority: Priority): void {
    for (const lower of byPriority.slice(priorities[priority].rank + 1).toReversed()) {
      const last = queues[lower].at(-1);
      if (last === undefined) continue;
      remove(lower, last);
      last.decide(shed.queue_full);
      return;
    }
  }

  function hasLower(priority: Priority): boolean {
    const { rank } = priorities[priority];
    return byPriority.some((lower, ofLower) => ofLower > rank && queues[lower].length > 0);
  }

  function wouldShed(priority: Priority): 'queue_full' | 'event_loop' | undefined {
    const late = conditions.loopLate();
    if (late && priority === lowestPriority) return 'event_loop';
    if (hasRoom(priority)) return undefined;
    if (late) return 'event_loop';
    return queued < conditions.queueBound() || hasLower(priority) ? undefined : 'queue_full';
  }

  return {
    enter(priority, timeLimit, decided) {
      const reason = wouldShed(priority);
      if (reason !== undefined) return shed[reason];
      // A queued request found no slot, so only one of a higher priority can still find one: nothing is overtaken.
      if (hasRoom(priority)) return admit();
      if (queued >= conditions.queueBound()) displace(priority);

      const ownLimit = timeLimit < conditions.queueTimeout;
      const wait = ownLimit ? timeLimit : conditions.queueTimeout;
      const waiting: Waiting = {
        decide: decided,
        // Responses that free slots come first, also those that arrived while the event loop was blocked.
        limit: startTimeLimit({ elapsed: wait }, () => {
          remove(priority, waiting);
          decided(ownLimit ? shed.own_limit : shed.queue_timeout);
        }),
      };
      queues[priority].push(waiting);
      queued += 1;
      return { kind: 'queued', abandon: () => remove(priority, waiting) };
    },
    wouldShed,
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

/** Shared constants, because shedding must be cheap. */
const shed = {
  queue_full: { kind: 'shed', reason: 'queue_full' },
  queue_timeout: { kind: 'shed', reason: 'queue_timeout' },
  own_limit: { kind: 'shed', reason: 'queue_timeout', ownLimit: true },
  event_loop: { kind: 'shed', reason: 'event_loop' },
} as const satisfies Record<string, Shed>;
