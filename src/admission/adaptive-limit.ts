/** The load over about a tenth of a second. */
export interface LoadWindow {
  /** Mean number of requests in flight. */
  inFlight: number;
  /** Peak number of requests in flight. */
  peak: number;
  /** Minimum number of callers that waited for a connection to a dependency. */
  waiting: number;
  /** Their wait in milliseconds, at the dependency with the longest one. */
  delay: number;
  /** Whether the event loop has lagged for several windows. */
  loopLate: boolean;
}

export interface LimitPolicy {
  /** Bounds of the limit, both included. */
  floor: number;
  ceiling: number;
  /** The first limit, clamped to the bounds. */
  initial: number;
  /** Acceptable wait for a connection, in milliseconds. */
  target: number;
}

export interface AdaptiveLimit {
  /** Maximum number of requests in flight. A whole number. */
  current(): number;
  /** Adapts the limit. Call it with each window in turn. */
  update(window: LoadWindow): void;
}

/** How strongly the limit reacts to a delay above the target; also the largest decrease per window. */
const decrease = 0.5;
/** Decrease per window while the event loop lags. It is small, because the lag does not show how far off the limit is. */
const decreaseForLoop = 0.1;

/**
 * A concurrency limit that adapts. While it is in use and the delay is below the target, it grows per window by its
 * square root, and more slowly near the target. Above the target it shrinks in proportion to the excess. This is
 * delay-based congestion control, as in TCP Vegas; the target delay comes from Swift, and Netflix's concurrency-limits
 * applies the idea to requests instead of packets.
 *
 * The delay here is not the latency of requests but their wait for a connection, counted at the pools and converted to
 * time by Little's law. A latency is only meaningful next to the latency without load, which is unknown. When the
 * called side slows down, every latency grows; a limit that took that for overload would fall and shed requests that
 * could be stored now and finished later. This limit ignores a slow dependency until its connections run out. From then on,
 * further requests would only queue for a connection, so the limit settles where few requests queue. It never falls below
 * the number of requests that hold a connection, because those do not wait.
 *
 * @see https://research.google/pubs/swift-delay-is-simple-and-effective-for-congestion-control-in-the-datacenter/
 * @see https://github.com/Netflix/concurrency-limits
 */
export function createAdaptiveLimit({ floor, ceiling, initial, target }: LimitPolicy): AdaptiveLimit {
  const clamp = (wanted: number) => Math.min(ceiling, Math.max(floor, wanted));
  let limit = clamp(initial);

  /** The share of the limit that remains after a window with too long a delay. */
  function remainingShare({ inFlight, waiting, delay }: LoadWindow): number {
    const served = Math.max(0, inFlight - waiting) / inFlight;
    return Math.max(1 - (decrease * (delay - target)) / delay, served);
  }

  return {
    current: () => Math.floor(limit),
    update(window) {
      const { inFlight, peak, delay, loopLate } = window;
      if (loopLate) limit = clamp(limit * (1 - decreaseForLoop));
      else if (delay > target) {
        // While more requests are in flight than the limit allows, the last decrease has not taken effect.
        if (inFlight > 0 && inFlight <= limit) limit = clamp(limit * remainingShare(window));
      } else if (2 * peak >= limit) {
        // A limit far above the load shows nothing about the load that it would allow.
        limit = clamp(limit + Math.sqrt(limit) * (1 - delay / target));
      }
    },
  };
}
