/** What was seen of the load over a tenth of a second or so. */
export interface LoadWindow {
  /** Admitted requests that were not answered yet, on average. */
  inFlight: number;
  /** The most of them at one time. */
  peak: number;
  /** Callers that waited for a connection to something the service depends on, at the least. */
  waiting: number;
  /** Milliseconds that they waited, at the dependency where they waited longest. */
  delay: number;
  /** Whether the event loop has been late, and for longer than a moment. */
  loopLate: boolean;
}

export interface LimitPolicy {
  /** The limit stays between these two, the bounds included. */
  floor: number;
  ceiling: number;
  /** What it starts with, within the bounds. */
  initial: number;
  /** Milliseconds that a request may wait for a connection. */
  target: number;
}

export interface AdaptiveLimit {
  /** Requests that may be at work at the same time. A whole number. */
  current(): number;
  /** To be told of each window in turn. */
  update(window: LoadWindow): void;
}

/** How strongly the limit answers to a delay over its target, and the most that one window may take away of it. */
const decrease = 0.5;
/** Of a limit that is too high for the event loop, which says nothing about how much too high. */
const decreaseForLoop = 0.1;

/**
 * A limit on concurrent requests that finds its own height: it grows by its square root per window while it is made use
 * of and the delay is below its target, more slowly the nearer it comes, and shrinks in proportion to the excess when it
 * is above. Additive increase and multiplicative decrease against a target for delay are those of Swift, the family is
 * that of TCP Vegas, and the use for requests instead of packets that of Netflix's concurrency-limits.
 *
 * What is different is the delay that it listens to: not the latency of requests, but the time that they wait for a
 * connection, counted at the pools and turned into time by Little's law. A latency has to be compared with one without
 * load, which nobody knows: where the payment gateway becomes slow by itself, every latency grows, and a limit that
 * took that for overload would fall and refuse orders that could be stored, and settled later. Here a slow gateway is
 * not seen at all until its connections run out. From then on requests would only queue for them, the limit holds
 * where few do, and it never falls below those that are at work: they wait for nobody.
 *
 * @see https://research.google/pubs/swift-delay-is-simple-and-effective-for-congestion-control-in-the-datacenter/
 * @see https://github.com/Netflix/concurrency-limits
 */
export function createAdaptiveLimit({ floor, ceiling, initial, target }: LimitPolicy): AdaptiveLimit {
  const within = (wanted: number) => Math.min(ceiling, Math.max(floor, wanted));
  let limit = within(initial);

  /** The part of the limit that a delay leaves. */
  function left({ inFlight, waiting, delay }: LoadWindow): number {
    const atWork = Math.max(0, inFlight - waiting) / inFlight;
    return Math.max(1 - (decrease * (delay - target)) / delay, atWork);
  }

  return {
    current: () => Math.floor(limit),
    update(window) {
      const { inFlight, peak, delay, loopLate } = window;
      if (loopLate) limit = within(limit * (1 - decreaseForLoop));
      else if (delay > target) {
        // While more are in flight than allowed, the last decrease has yet to show.
        if (inFlight > 0 && inFlight <= limit) limit = within(limit * left(window));
      } else if (2 * peak >= limit) {
        // A limit that nobody comes near says nothing about what would happen there.
        limit = within(limit + Math.sqrt(limit) * (1 - delay / target));
      }
    },
  };
}
