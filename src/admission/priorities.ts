/**
 * The order of load shedding. A request is admitted while fewer requests are in flight than its priority's share of the
 * limit, which reserves the rest for higher priorities.
 *
 * From the most to the least important. A read of one resource is cheap, and clients repeat it until it is answered.
 * Finishing what has started (a cancellation, or the repeat of a request whose response was lost) gives its client
 * certainty. New work can wait a moment. A list is the most expensive read, need not be fresh, and mostly serves programs.
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

/** The priority of a route that names none. */
export const lowestPriority: Priority = 'list';

/** From the most to the least important. */
export const byPriority = (Object.keys(priorities) as Priority[]).toSorted(
  (one, other) => priorities[one].rank - priorities[other].rank,
);

/** The number of requests in flight below which one of this priority is admitted. At least 1, whatever the limit. */
export function roomFor(priority: Priority, limit: number): number {
  return Math.max(1, Math.ceil(priorities[priority].share * limit));
}
