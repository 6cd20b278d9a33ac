/** How much of a window is used. */
export interface WindowUse {
  count: number;
  /** Milliseconds until the window ends. */
  endsIn: number;
  /** More is used than the limit allows. */
  over: boolean;
}

export interface WindowLimit {
  /** Counts one more. The first of a key starts its window. */
  add(key: string): WindowUse;
  /** Takes over what others have counted. */
  set(key: string, counted: Pick<WindowUse, 'count' | 'endsIn'>): WindowUse;
  /** Without counting. Where no window is running, nothing is used. */
  look(key: string): WindowUse;
}

export interface WindowLimitOptions {
  /** Of one key in one window. 0 is no limit: then nothing is counted. */
  max: number;
  /** Milliseconds. */
  window: number;
  /** Keys that are held at most. Default 10,000. */
  capacity?: number;
}

/**
 * Counts per key in windows of a fixed length, in the memory of this process. Who knows when a window ends can use it up
 * at its end and the next at its start: for a moment, twice the limit passes.
 *
 * Whatever clients make up, no more than `capacity` keys are held. The one whose window ends first goes first, and as all
 * windows have the same length, that is the one that was started first.
 */
export function createWindowLimit({ max, window, capacity = 10_000 }: WindowLimitOptions): WindowLimit {
  if (max === 0) return { add: () => unused, set: () => unused, look: () => unused };

  /** In the order of their starts. */
  const windows = new Map<string, { count: number; endsAt: number }>();

  function running(key: string, now: number) {
    const found = windows.get(key);
    return found !== undefined && found.endsAt > now ? found : undefined;
  }

  function start(key: string, now: number) {
    windows.delete(key);
    for (const [oldest, { endsAt }] of windows) {
      if (endsAt > now && windows.size < capacity) break;
      windows.delete(oldest);
    }
    const started = { count: 0, endsAt: now + window };
    windows.set(key, started);
    return started;
  }

  const use = (count: number, endsIn: number): WindowUse => ({ count, endsIn, over: count > max });

  return {
    add(key) {
      const now = performance.now();
      const current = running(key, now) ?? start(key, now);
      current.count += 1;
      return use(current.count, current.endsAt - now);
    },
    set(key, { count, endsIn }) {
      const now = performance.now();
      const current = running(key, now) ?? start(key, now);
      current.count = count;
      current.endsAt = now + endsIn;
      return use(count, endsIn);
    },
    look(key) {
      const now = performance.now();
      const found = running(key, now);
      return found === undefined ? unused : use(found.count, found.endsAt - now);
    },
  };
}

const unused: WindowUse = { count: 0, endsIn: 0, over: false };

/** For the header `Retry-After`: whole seconds, and not 0, which would mean at once. */
export function secondsUntilEnd({ endsIn }: Pick<WindowUse, 'endsIn'>): number {
  return Math.max(1, Math.ceil(endsIn / 1000));
}
