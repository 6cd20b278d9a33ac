/** The idempotency keys that this replica has seen recently. */
export interface RecentKeys {
  add(clientId: string, key: string): void;
  has(clientId: string, key: string): boolean;
}

/**
 * Distinguishes a repeated request from a new one without a query. This is a guess, because another replica may have
 * received the first one, but good enough to prioritize by. The oldest keys are forgotten first.
 */
export function createRecentKeys(limit: number): RecentKeys {
  // A client id contains no spaces, so the names cannot collide.
  const nameOf = (clientId: string, key: string) => `${clientId} ${key}`;
  const names = new Set<string>();

  return {
    add(clientId, key) {
      names.add(nameOf(clientId, key));
      if (names.size <= limit) return;
      for (const oldest of names) {
        names.delete(oldest);
        break;
      }
    },
    has: (clientId, key) => names.has(nameOf(clientId, key)),
  };
}
