/** Idempotency keys that requests for orders came with, as far as this replica remembers. */
export interface RecentKeys {
  add(clientId: string, key: string): void;
  has(clientId: string, key: string): boolean;
}

/**
 * Tells a repeated request from a new one without asking the database: not for certain, because another replica may
 * have had the first one, but well enough to prefer it. The oldest keys are forgotten first.
 */
export function createRecentKeys(limit: number): RecentKeys {
  // A client's name has no spaces.
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
