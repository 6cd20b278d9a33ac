/** The kinds of visits. The first visit of each kind comes early, so that every panel has data. */
export const trafficMix = {
  paid: { weight: 780, meaning: 'an order that is paid' },
  declined: { weight: 70, meaning: 'an order whose card is declined' },
  repeated: { weight: 30, meaning: 'an order that is sent twice with one idempotency key' },
  retried: { weight: 20, meaning: 'an order whose first payment attempt fails' },
  slow: { weight: 2, meaning: 'an order whose payment takes half a second longer' },
  cancelled: { weight: 1, meaning: 'an order that the gateway never answers, cancelled by its customer' },
  reused_key: { weight: 2, meaning: 'a second order with the idempotency key of the first: refused' },
  invalid: { weight: 20, meaning: 'an invalid body: refused' },
  unauthenticated: { weight: 5, meaning: 'an unknown API key: refused' },
  read: { weight: 45, meaning: 'a read of an earlier order' },
  not_found: { weight: 5, meaning: 'a read of an order that does not exist' },
  listed: { weight: 20, meaning: 'a page of orders' },
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
