/**
 * What is given up first under overload, and what last. A request is taken while fewer requests are at work than its
 * priority's share of the limit, so that the room above the share of one priority is kept for those before it.
 *
 * From the most important to the least. Reads are what people do who wonder how their order stands: they are cheap, and
 * an unanswered one is asked again. Finishing what has begun (cancelling, or repeating a request whose answer was lost)
 * gives certainty about money. A new order can be placed a moment later. A list can do without being fresh, is the
 * dearest of the reads, and is mostly asked for by machines.
 *
 * @see https://netflixtechblog.com/enhancing-netflix-reliability-with-service-level-prioritized-load-shedding-e735e6ce8f7d
 */
export const priorities = {
  read: { rank: 0, share: 1 },
  finish: { rank: 1, share: 0.95 },
  place: { rank: 2, share: 0.85 },
  list: { rank: 3, share: 0.5 },
} as const satisfies Record<string, { rank: number; share: number }>;

export type Priority = keyof typeof priorities;

/** What a route has that does not name its own. */
export const lowestPriority: Priority = 'list';

export const ranks = Object.keys(priorities).length;

/** How many requests may be at work for one of this priority to be taken. At least one, whatever the limit. */
export function roomFor(priority: Priority, limit: number): number {
  return Math.max(1, Math.ceil(priorities[priority].share * limit));
}
