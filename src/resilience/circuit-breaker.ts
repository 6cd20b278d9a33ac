import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';

export type CircuitState = 'closed' | 'open' | 'half_open';

export interface BreakerPolicy {
  /** The circuit opens when more than this share of the calls in the window failed, from 0 to 1. */
  errorShare: number;
  /** Calls in the window before the share means anything: one early failure is no outage. */
  volume: number;
  /** Length of the rolling window, in milliseconds. */
  window: number;
  /** Milliseconds from open to half-open. */
  openFor: number;
}

export interface Circuit<T> {
  /** Runs the call, or answers `undefined` at once when the circuit does not let it through. */
  fire<R extends T>(call: () => Promise<R>): Promise<R | undefined>;
  state(): CircuitState;
  close(): void;
}

/** Parts of the rolling window; the oldest is dropped as a whole. */
const buckets = 10;

/**
 * opossum around calls whose outcome is a value: `failed` tells which values count against the other side.
 *
 * opossum's own timeout stays off, because it aborts all calls of a breaker together; each call brings its own.
 * So does every call end, without which a hung probe would keep the circuit half-open for ever.
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
  // The failures that opened the circuit are still in the window, and one more of them would open it again.
  breaker.on('close', () => {
    for (let bucket = 0; bucket < buckets; bucket += 1) clock.emit('rotate');
  });

  return {
    async fire<R extends T>(call: () => Promise<R>) {
      // Asked before opossum is, which makes an error with a stack of each call that it refuses.
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

/** Carries a failed outcome through opossum, which only counts what is thrown. */
class FailedCall extends Error {
  readonly outcome: unknown;

  constructor(outcome: unknown) {
    super('failed call');
    this.outcome = outcome;
  }
}
