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
 * `limit`, in two generations of which the older one is forgotten at once. Deleting the oldest key of a single Map costs more
 * with every key deleted before: it keeps their places until it grows, and its iterator passes them all.
 */
export function createRecentKeys(limit: number): RecentKeys {
  const generation = () => new Map<string, Owners>();
  let recent = generation();
  let older = generation();

  return {
    add(clientId, key) {
      const owners = recent.get(key);
      if (isOwner(clientId, owners)) return;
      recent.set(key, owners === undefined ? clientId : [owners, clientId].flat());
      if (recent.size < limit / 2) return;
      older = recent;
      recent = generation();
    },
    has: (clientId, key) => isOwner(clientId, recent.get(key)) || isOwner(clientId, older.get(key)),
    hasOfAnyone: (key) => recent.has(key) || older.has(key),
  };
}

/** The clients that used a key. Nearly always there is one, which needs no list. */
type Owners = string | string[];

function isOwner(clientId: string, owners: Owners | undefined): boolean {
  return typeof owners === 'object' ? owners.includes(clientId) : owners === clientId;
}
