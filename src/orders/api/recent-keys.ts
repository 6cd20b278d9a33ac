/** The idempotency keys that this replica has seen recently. */
export interface RecentKeys {
  add(clientId: string, key: string): void;
  has(clientId: string, key: string): boolean;
}

/**
 * Distinguishes a repeated request from a new one without a query. This is a guess, because another replica may have
 * received the first one, but good enough to prioritize by. It remembers at least the last `limit / 2` keys and at most
 * `limit`, in two generations of which the older one is forgotten at once. Deleting the oldest key of a single set costs more
 * with every key deleted before: a set keeps their places until it grows, and its iterator passes them all.
 */
export function createRecentKeys(limit: number): RecentKeys {
  // A client id contains no spaces, so the names cannot collide.
  const nameOf = (clientId: string, key: string) => `${clientId} ${key}`;
  let recent = new Set<string>();
  let older = new Set<string>();

  return {
    add(clientId, key) {
      recent.add(nameOf(clientId, key));
      if (recent.size < limit / 2) return;
      older = recent;
      recent = new Set();
    },
    has(clientId, key) {
      const name = nameOf(clientId, key);
      return recent.has(name) || older.has(name);
    },
  };
}
