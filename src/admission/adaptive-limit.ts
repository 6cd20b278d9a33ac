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
  /** Mean time from admission to response, in milliseconds; 0 while it is unknown. */
  timeInFlight: number;
  /** Whether the event loop has been busy for nearly all of several windows. */
  loopBusy: boolean;
  /** Whether it has also lagged. */
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
  /** Acceptable time in flight while the event loop is busy, in milliseconds. */
  busyLatency: number;
}

export interface AdaptiveLimit {
  /** Maximum number of requests in flight. A whole number. */
  current(): number;
  /** Adapts the limit. Call it with each window in turn. */
  update(window: LoadWindow): void;
}

/** How strongly the limit reacts to a delay or a latency above its target; also the largest decrease per window. */
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
 * The exception is a busy event loop. Then processor time is what is short, more requests in flight are not answered sooner,
 * and the latency shows how far off the limit is. Below its target the limit still grows, because batches of more rows cost
 * less each. For a latency it shrinks to the first limit at most: a process that has just started is slow, too, and must not
 * refuse the few requests that it has.
 *
 * @see https://research.google/pubs/swift-delay-is-simple-and-effective-for-congestion-control-in-the-datacenter/
 * @see https://github.com/Netflix/concurrency-limits
 */
export function createAdaptiveLimit(policy: LimitPolicy): AdaptiveLimit {
  const { floor, ceiling, initial, target, busyLatency } = policy;
  const clamp = (wanted: number) => Math.min(ceiling, Math.max(floor, wanted));
  const first = clamp(initial);
  let limit = first;

  /** The limit after a window with too long a delay or latency. */
  function shrunk({ inFlight, waiting, delay }: LoadWindow, latency: number): number {
    const served = Math.max(0, inFlight - waiting) / inFlight;
    const forDelay = delay > target ? limit * Math.max(remaining(delay, target), served) : limit;
    if (latency <= busyLatency || limit <= first) return forDelay;
    return Math.min(forDelay, Math.max(limit * remaining(latency, busyLatency), first));
  }

  return {
    current: () => Math.floor(limit),
    update(window) {
      const { inFlight, peak, delay, timeInFlight, loopBusy, loopLate } = window;
      const latency = loopBusy ? timeInFlight : 0;
      const pressure = Math.max(delay / target, latency / busyLatency);
      if (loopLate) limit = clamp(limit * (1 - decreaseForLoop));
      else if (pressure > 1) {
        // While more requests are in flight than the limit allows, the last decrease has not taken effect.
        if (inFlight > 0 && inFlight <= limit) limit = clamp(shrunk(window, latency));
      } else if (2 * peak >= limit) {
        // A limit far above the load shows nothing about the load that it would allow.
        limit = clamp(limit + Math.sqrt(limit) * (1 - pressure));
      }
    },
  };
}

/** The share of the limit that remains. */
function remaining(measured: number, target: number): number {
  return 1 - (decrease * (measured - target)) / measured;
}
