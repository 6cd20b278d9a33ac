/** The use of one window. */
export interface WindowUse {
  count: number;
  /** Milliseconds until the window ends. */
  endsIn: number;
  /** Whether the count exceeds the limit. */
  over: boolean;
}

export interface WindowLimit {
  /** Counts one request. The first one of a key starts its window. */
  add(key: string): WindowUse;
  /** Replaces the count by one that replicas share. */
  set(key: string, counted: Pick<WindowUse, 'count' | 'endsIn'>): WindowUse;
  /** Reads without counting. The count is 0 when no window is running. */
  peek(key: string): WindowUse;
}

export interface WindowLimitOptions {
  /** Requests per key and window. 0 means no limit, and nothing is counted. */
  max: number;
  /** Milliseconds. */
  window: number;
  /** Maximum number of keys in memory. Default 10,000. */
  capacity?: number;
}

/**
 * Counts per key in windows of a fixed length, in the memory of this process. A client that straddles a window boundary
 * can briefly get twice the limit.
 *
 * At most `capacity` keys are held, whatever clients invent. The key whose window ends first is evicted first. All
 * windows have the same length, so that is the one that started first.
 */
export function createWindowLimit({ max, window, capacity = 10_000 }: WindowLimitOptions): WindowLimit {
  if (max === 0) return { add: () => unused, set: () => unused, peek: () => unused };

  /** In the order in which the windows started. */
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

  /** Never longer than the window, which the difference of two large fractions may be. */
  const use = (count: number, endsIn: number): WindowUse => ({
    count,
    endsIn: Math.min(endsIn, window),
    over: count > max,
  });

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
    peek(key) {
      const now = performance.now();
      const found = running(key, now);
      return found === undefined ? unused : use(found.count, found.endsAt - now);
    },
  };
}

const unused: WindowUse = { count: 0, endsIn: 0, over: false };

/** The rest of a window for `Retry-After`: whole seconds, and at least 1, because 0 would mean immediately. */
export function secondsUntilEnd({ endsIn }: Pick<WindowUse, 'endsIn'>): number {
  return Math.max(1, Math.ceil(endsIn / 1000));
}
