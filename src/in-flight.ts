/**
 * Work that may outlive its request: the client has hung up, or has had its answer at its deadline. The service ends it before
 * it closes what the work needs.
 *
 * It is counted, and not kept in a Set: once the table of a Set is in V8's old generation, so is every table that replaces it.
 * A replaced one keeps what it holds at that moment until the next full collection, so nearly every request would outlive its
 * answer with all that it refers to. The same holds for a Map.
 */
export interface InFlight {
  /** Returns the same work. */
  track<T>(work: Promise<T>): Promise<T>;
  /** Pieces of work that have not ended. */
  size(): number;
  /** Resolves when nothing is in flight any more, whether it went well or not. */
  ended(): Promise<void>;
}

export function createInFlight(): InFlight {
  let running = 0;
  let idle = Promise.withResolvers<void>();

  function endOne(): void {
    running -= 1;
    if (running > 0) return;
    idle.resolve();
    idle = Promise.withResolvers();
  }

  async function ended(): Promise<void> {
    if (running === 0) return;
    await idle.promise;
    await ended();
  }

  return {
    track(work) {
      running += 1;
      work.then(endOne, endOne);
      return work;
    },
    size: () => running,
    ended,
  };
}
