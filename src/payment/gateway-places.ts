import { type Bounds, startTimeLimit } from '../resilience/time-limit.ts';

/**
 * The places at the gateway, as many as there are connections. Each request holds one, for as long as the gateway takes.
 *
 * Clients share them (a bulkhead): while several use the gateway, none can take them all, so that the orders of one whose
 * cards the gateway never answers for leave room for the others. A client alone may use every place.
 */
export interface GatewayPlaces {
  /**
   * Takes a place for a request of the client, or waits for one within the bounds.
   *
   * @param signal ends the wait; default: nothing does
   */
  enter(client: string, bounds: Bounds, signal?: AbortSignal): Promise<Place | NoPlace>;
  /** Requests that wait for a place now. */
  waiting(): number;
  /** Requests that have left their place so far. */
  completed(): number;
}

export interface Place {
  kind: 'place';
  /** Whether another request held it first. */
  waited: boolean;
  /** Gives it to the next request. To be called once. */
  leave(): void;
}

/** `share_used`: the client holds its share already. `all_taken`: none became free in time. */
export interface NoPlace {
  kind: 'share_used' | 'all_taken';
}

export interface PlacesPolicy {
  /** Number of places. */
  connections: number;
  /**
   * From 0 to 1: the share that one client may hold of what the others leave. Below 1, some places are always left for a
   * client that holds none yet.
   *
   * @see https://doi.org/10.1109/90.664262 (dynamic queue length thresholds)
   */
  clientShare: number;
}

/** Milliseconds for which others make room for a client after its last request. */
const remembered = 10_000;

interface Use {
  held: number;
  waiting: number;
}

interface Waiting {
  client: string;
  admit(): void;
}

/** @param onShareUsed called with a client that is refused a place, unless it was a moment ago, too */
export function createGatewayPlaces(
  { connections, clientShare }: PlacesPolicy,
  onShareUsed: (client: string) => void,
): GatewayPlaces {
  /** Of the clients that hold a place or wait for one. */
  const uses = new Map<string, Use>();
  /** When each client was refused a place last. There are no more clients than API keys. */
  const refusedAt = new Map<string, number>();
  let queue: Waiting[] = [];
  let taken = 0;
  let completed = 0;
  /** The client of the last request, and the last request of any other one. */
  let latest = { client: '', at: Number.NEGATIVE_INFINITY };
  let before = latest;

  function note(client: string): void {
    const at = performance.now();
    if (client !== latest.client) before = latest;
    latest = { client, at };
  }

  function isOneOfSeveral(client: string): boolean {
    const other = client === latest.client ? before : latest;
    return performance.now() - other.at < remembered;
  }

  /** The most places that the client may hold now. Others that hold more than a share had no company when they took them. */
  function shareOf(client: string): number {
    if (!isOneOfSeveral(client)) return connections;
    const others = taken - (uses.get(client)?.held ?? 0);
    const heldByOthers = Math.min(others, Math.floor(clientShare * connections));
    return Math.max(1, Math.floor(clientShare * (connections - heldByOthers)));
  }

  function change(client: string, by: Partial<Use>): void {
    const { held, waiting } = uses.get(client) ?? { held: 0, waiting: 0 };
    const use = { held: held + (by.held ?? 0), waiting: waiting + (by.waiting ?? 0) };
    if (use.held + use.waiting === 0) uses.delete(client);
    else uses.set(client, use);
  }

  function take(client: string, waited: boolean): Place {
    taken += 1;
    change(client, { held: 1 });
    return {
      kind: 'place',
      waited,
      leave() {
        taken -= 1;
        completed += 1;
        change(client, { held: -1 });
        admitNext();
      },
    };
  }

  /** Gives a free place to the client that holds the fewest, and of equals to the one that has waited longest. */
  function admitNext(): void {
    let [next, fewest]: [Waiting | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
    for (const each of queue) {
      const held = uses.get(each.client)?.held ?? 0;
      if (held < fewest && held < shareOf(each.client)) [next, fewest] = [each, held];
    }
    next?.admit();
  }

  function wait(client: string, bounds: Bounds, signal: AbortSignal | undefined): Promise<Place | NoPlace> {
    const { promise, resolve } = Promise.withResolvers<Place | NoPlace>();
    const waiting: Waiting = { client, admit: () => end(take(client, true)) };
    const giveUp = () => end({ kind: 'all_taken' });
    const limit = startTimeLimit(bounds, giveUp);
    signal?.addEventListener('abort', giveUp);

    function end(outcome: Place | NoPlace): void {
      limit.clear();
      signal?.removeEventListener('abort', giveUp);
      queue = queue.filter((each) => each !== waiting);
      change(client, { waiting: -1 });
      resolve(outcome);
    }

    queue.push(waiting);
    change(client, { waiting: 1 });
    return promise;
  }

  function refuse(client: string): NoPlace {
    const now = performance.now();
    const last = refusedAt.get(client) ?? Number.NEGATIVE_INFINITY;
    refusedAt.set(client, now);
    if (now - last >= remembered) onShareUsed(client);
    return { kind: 'share_used' };
  }

  return {
    async enter(client, bounds, signal) {
      note(client);
      const { held, waiting } = uses.get(client) ?? { held: 0, waiting: 0 };
      if (isOneOfSeveral(client) && held + waiting >= shareOf(client)) return refuse(client);
      return taken < connections ? take(client, false) : wait(client, bounds, signal);
    },
    waiting: () => queue.length,
    completed: () => completed,
  };
}
