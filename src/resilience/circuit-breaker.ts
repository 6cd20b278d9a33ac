import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';

export type CircuitState = 'closed' | 'open' | 'half_open';

export interface BreakerPolicy {
  /** The circuit opens when more than this share of the calls in the window failed, from 0 to 1. */
  errorShare: number;
  /** Calls that the window must hold before the circuit can open: one early failure is no outage. */
  volume: number;
  /** Length of the rolling window, in milliseconds. */
  window: number;
  /** Milliseconds from open to half-open. */
  openFor: number;
}

export interface Circuit<T> {
  /** Runs the call, or returns `undefined` at once when the circuit rejects it. */
  fire<R extends T>(call: () => Promise<R>): Promise<R | undefined>;
  state(): CircuitState;
  close(): void;
}

/** Number of buckets in the rolling window. The window advances by dropping the oldest one. */
const buckets = 10;

/**
 * Wraps opossum around calls whose outcome is a value: `failed` decides which values count as failures.
 *
 * opossum's own timeout stays off, because it aborts all calls of a breaker together. Each call must bring its own: a
 * probe that never ends would keep the circuit half-open indefinitely.
 */
export function createCircuit<T>(
  policy: BreakerPolicy,
  failed: (outcome: T) => boolean,
  onChange: (change: { from: CircuitState; to: CircuitState }) => void,
): Circuit<T> {
  const clock = new EventEmitter();
  const ticking = setInterval(() => clock.emit('rotate'), policy.window / buckets).unref();
  const breaker = new CircuitBreaker(
    async (call: () => Promise<T>) => {
      const outcome = await call();
      if (failed(outcome)) throw new FailedCall(outcome);
      return outcome;
    },
    {
      timeout: false,
      errorThresholdPercentage: policy.errorShare * 100,
      volumeThreshold: policy.volume,
      rollingCountBuckets: buckets,
      rotateBucketController: clock,
      resetTimeout: policy.openFor,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
    },
  );

  let state: CircuitState = 'closed';
  const enter = (to: CircuitState) => () => {
    const from = state;
    state = to;
    if (from !== to) onChange({ from, to });
  };
  breaker.on('open', enter('open'));
  breaker.on('halfOpen', enter('half_open'));
  breaker.on('close', enter('closed'));
  // The window still holds the failures that opened the circuit: without this, one more failure would reopen it.
  breaker.on('close', () => {
    for (let bucket = 0; bucket < buckets; bucket += 1) clock.emit('rotate');
  });

  return {
    async fire<R extends T>(call: () => Promise<R>) {
      // Checked here first, because opossum creates an error with a stack trace for every call that it rejects.
      if (!breaker.closed && !breaker.pendingClose) return undefined;
      try {
        return (await breaker.fire(call)) as R;
      } catch (error) {
        if (error instanceof FailedCall) return error.outcome as R;
        throw error;
      }
    },
    state: () => state,
    close() {
      clearInterval(ticking);
      breaker.shutdown();
    },
  };
}

/** Carries a failed outcome through opossum, which counts only calls that throw as failures. */
class FailedCall extends Error {
  readonly outcome: unknown;

  constructor(outcome: unknown) {
    super('failed call');
    this.outcome = outcome;
  }
}
