import { type Priority, priorities, ranks, roomFor } from './priorities.ts';

/** Why a request is not taken. */
export type ShedReason =
  /** There is no room, and none to wait in either. */
  | 'queue_full'
  /** It waited for as long as it may. */
  | 'queue_timeout'
  /** The event loop is late: who waits now would only make it later. */
  | 'event_loop'
  /** Nobody is there any more to be answered. */
  | 'client_gone';

export interface Admitted {
  kind: 'admitted';
  /** Gives the place to the next one. More than once is as good as once. */
  leave: () => void;
}

export interface Shed {
  kind: 'shed';
  reason: ShedReason;
  /** Whether it was the request's own limit that ended its wait. */
  ownLimit?: true;
}

export interface Queued {
  kind: 'queued';
  /** Gives up waiting; nothing is decided any more. */
  abandon: () => void;
}

export interface ConcurrencyLimiter {
  /**
   * Takes a request, refuses it or has it wait, for `timeLimit` ms at the most and never longer than the queue's own
   * timeout. What becomes of one that waits is told to `decided`, once, in the context of somebody else's request.
   */
  enter(
    priority: Priority,
    timeLimit: number,
    decided: (decision: Admitted | Shed) => void,
  ): Admitted | Shed | Queued;
  /** To be told when the limit has grown. */
  open(): void;
  state(): { inFlight: number; queued: number };
  /** Requests that have left so far. */
  completed(): number;
  /** The most requests that were at work at one time since this was last asked. */
  takePeak(): number;
}

export interface GateConditions {
  limit(): number;
  /** Requests that can wait in the queue and have their turn in time. */
  queueBound(): number;
  /** Milliseconds that a request may wait. */
  queueTimeout: number;
  loopLate(): boolean;
}

interface Waiting {
  decide(decision: Admitted | Shed): void;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Lets requests through up to a limit that may change at any time, keeps a few waiting, in the order of their priority
 * and then of their coming, and refuses the rest at once. When the queue is full, one of a higher priority takes the
 * place of the last one of the lowest.
 */
export function createConcurrencyLimiter(conditions: GateConditions): ConcurrencyLimiter {
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
        if (queued > 0) open();
      },
    };
  }

  function open(): void {
    for (const [name, { rank }] of byRank) {
      while (hasRoom(name)) {
        const next = queues[rank]?.[0];
        if (next === undefined) break;
        remove(rank, next);
        next.decide(admit());
      }
    }
  }

  /** Whether it was still waiting. */
  function remove(rank: number, waiting: Waiting): boolean {
    const queue = queues[rank] ?? [];
    const index = queue.indexOf(waiting);
    if (index === -1) return false;
    queue.splice(index, 1);
    clearTimeout(waiting.timer);
    queued -= 1;
    return true;
  }

  /** Makes room for one of this rank at the expense of one below it. */
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
      // Who waits has no room, and of the others only those before it in line can have some.
      if (hasRoom(priority)) return admit();
      if (late) return shed.event_loop;
      if (queued >= conditions.queueBound() && !displace(rank)) return shed.queue_full;

      const waiting: Waiting = { decide: decided, timer: undefined };
      const ownLimit = timeLimit < conditions.queueTimeout;
      const expire = () => {
        if (remove(rank, waiting)) decided(ownLimit ? shed.own_limit : shed.queue_timeout);
      };
      const wait = ownLimit ? timeLimit : conditions.queueTimeout;
      // After a stall the answers that make room are still to be read: they come first.
      waiting.timer = setTimeout(() => setImmediate(expire), wait).unref();
      queues[rank]?.push(waiting);
      queued += 1;
      return { kind: 'queued', abandon: () => void remove(rank, waiting) };
    },
    open,
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

/** One of each, because a refusal has to cost next to nothing. */
const shed = {
  queue_full: { kind: 'shed', reason: 'queue_full' },
  queue_timeout: { kind: 'shed', reason: 'queue_timeout' },
  own_limit: { kind: 'shed', reason: 'queue_timeout', ownLimit: true },
  event_loop: { kind: 'shed', reason: 'event_loop' },
} as const satisfies Record<string, Shed>;
