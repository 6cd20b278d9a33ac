import CircuitBreaker from 'opossum';
import type { CircuitState } from './payment-gateway.ts';

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
  fire(call: () => Promise<T>): Promise<T | undefined>;
  state(): CircuitState;
  close(): void;
}

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
  const breaker = new CircuitBreaker(
    async (call: () => Promise<T>) => {
      const outcome = await call();
      if (failed(outcome)) throw new FailedCall(outcome);
      return outcome;
    },
    {
      name: 'payment',
      timeout: false,
      errorThresholdPercentage: policy.errorShare * 100,
      volumeThreshold: policy.volume,
      rollingCountTimeout: policy.window,
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

  return {
    async fire(call) {
      // opossum counts rejected calls in the window too, which would dilute the error share after an outage.
      if (breaker.opened) return undefined;
      try {
        return await breaker.fire(call);
      } catch (error) {
        if (error instanceof FailedCall) return error.outcome as T;
        if (error instanceof Error && 'code' in error && error.code === 'EOPENBREAKER') return undefined;
        throw error;
      }
    },
    state: () => state,
    close: () => breaker.shutdown(),
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
