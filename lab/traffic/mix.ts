/** What customers do, by kind. The first request of each kind comes early, so that every panel has something to show. */
export const trafficMix = {
  paid: { weight: 780, meaning: 'an order that is paid' },
  declined: { weight: 70, meaning: 'an order whose card is declined' },
  repeated: { weight: 30, meaning: 'an order that is sent twice under one idempotency key' },
  retried: { weight: 20, meaning: 'an order for which the gateway fails once' },
  slow: { weight: 2, meaning: 'an order whose card takes half a second' },
  cancelled: { weight: 1, meaning: 'an order that the gateway never decides on, cancelled by its customer' },
  reused_key: { weight: 2, meaning: 'a second order under the idempotency key of the first: refused' },
  invalid: { weight: 20, meaning: 'a body with a fault: refused' },
  unauthenticated: { weight: 5, meaning: 'an API key that nobody has: refused' },
  read: { weight: 45, meaning: 'a look at an order placed before' },
  not_found: { weight: 5, meaning: 'a look at an order that there is not' },
  listed: { weight: 20, meaning: 'a page of orders' },
} as const satisfies Record<string, { weight: number; meaning: string }>;

export type TrafficKind = keyof typeof trafficMix;

/** Relative to each other; a kind that is left out does not happen. */
export type Weights = Readonly<Partial<Record<TrafficKind, number>>>;

export const usualWeights: Weights = Object.fromEntries(
  Object.entries(trafficMix).map(([kind, { weight }]) => [kind, weight]),
);

/**
 * Draws kinds of requests: at first each that has a weight, then by their weights.
 *
 * @param random from 0 up to, but not including, 1
 * @throws {RangeError} where no weight is above 0
 */
export function drawKinds(weights: Weights, random: () => number): () => TrafficKind {
  const rows = Object.keys(trafficMix)
    .map((name) => name as TrafficKind)
    .flatMap((kind) => {
      const weight = weights[kind] ?? 0;
      return weight > 0 ? [{ kind, weight }] : [];
    });
  const [first] = rows;
  if (first === undefined) throw new RangeError('No kind of request has a weight above 0.');
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
