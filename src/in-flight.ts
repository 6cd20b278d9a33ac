/**
 * Work that may outlive its request: the client has hung up, or has had its answer at its deadline. The service ends it before
 * it closes what the work needs.
 */
export interface InFlight {
  /** Returns the same work. */
  track<T>(work: Promise<T>): Promise<T>;
  /** Resolves when nothing is in flight any more, whether it went well or not. */
  ended(): Promise<void>;
}

export function createInFlight(): InFlight {
  const running = new Set<Promise<unknown>>();
  return {
    track(work) {
      running.add(work);
      const forget = () => void running.delete(work);
      work.then(forget, forget);
      return work;
    },
    async ended() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}
