/** The kinds of visits. The first visit of each kind comes early, so that every panel has data. */
export const trafficMix = {
  confirmed: { weight: 820, meaning: 'a booking that is confirmed' },
  rejected: { weight: 60, meaning: 'a booking that the dependency rejects' },
  repeated: { weight: 30, meaning: 'a booking that is sent twice with one idempotency key' },
  reused_key: { weight: 2, meaning: 'a second booking with the idempotency key of the first: refused' },
  invalid: { weight: 20, meaning: 'an invalid body: refused' },
  unauthenticated: { weight: 5, meaning: 'an unknown API key: refused' },
  read: { weight: 45, meaning: 'a read of an earlier booking' },
  not_found: { weight: 5, meaning: 'a read of a booking that does not exist' },
  listed: { weight: 20, meaning: 'a page of bookings' },
} as const satisfies Record<string, { weight: number; meaning: string }>;

export type TrafficKind = keyof typeof trafficMix;

/** Relative weights; an omitted kind does not occur. */
export type Weights = Readonly<Partial<Record<TrafficKind, number>>>;

export const usualWeights: Weights = Object.fromEntries(
  Object.entries(trafficMix).map(([kind, { weight }]) => [kind, weight]),
);

/**
 * Draws kinds of visits: first each kind that has a weight, then in proportion to the weights.
 *
 * @param random returns numbers in [0, 1)
 * @throws {RangeError} if no weight is above 0
 */
export function drawKinds(weights: Weights, random: () => number): () => TrafficKind {
  const rows = Object.keys(trafficMix)
    .map((name) => name as TrafficKind)
    .flatMap((kind) => {
      const weight = weights[kind] ?? 0;
      return weight > 0 ? [{ kind, weight }] : [];
    });
  const [first] = rows;
  if (first === undefined) throw new RangeError('No kind of visit has a weight above 0.');
  const total = rows.reduce((sum, { weight }) => sum + weight, 0);
  const opening = rows.map(({ kind }) => kind);

  return () => {
    const next = opening.shift();
    if (next !== undefined) return next;
    let left = random() * total;
    for (const { kind, weight } of rows) {
      left -= weight;
      if (left < 0) return kind;
    }
    return first.kind;
  };
}
