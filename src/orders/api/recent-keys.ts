/** The idempotency keys that this replica has seen recently. */
export interface RecentKeys {
  add(clientId: string, key: string): void;
  has(clientId: string, key: string): boolean;
  /** Whether any client has used the key. */
  hasOfAnyone(key: string): boolean;
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
  const generation = () => ({ names: new Set<string>(), keys: new Set<string>() });
  let recent = generation();
  let older = generation();

  return {
    add(clientId, key) {
      recent.names.add(nameOf(clientId, key));
      recent.keys.add(key);
      if (recent.names.size < limit / 2) return;
      older = recent;
      recent = generation();
    },
    has(clientId, key) {
      const name = nameOf(clientId, key);
      return recent.names.has(name) || older.names.has(name);
    },
    hasOfAnyone: (key) => recent.keys.has(key) || older.keys.has(key),
  };
}
