import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';
import { currentContext, outsideRequests } from '../async-context.ts';
import { createCallEvidence, type Tally } from './call-evidence.ts';
import { createSuspensions } from './suspensions.ts';

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
  /**
   * Runs the call, or returns `undefined` at once when the circuit rejects it.
   *
   * @param causes what a failure could be blamed on besides the called side, such as one card or one client
   */
  fire<R extends T>(call: () => Promise<R>, causes?: readonly string[]): Promise<R | undefined>;
  state(): CircuitState;
  /** Whether calls with one of these causes are rejected while the circuit is closed for all others. */
  suspends(causes: readonly string[]): boolean;
  /** Every cause that is suspended. */
  suspended(): Iterable<string>;
  close(): void;
}

/** Number of buckets in the rolling window. The window advances by dropping the oldest one. */
const buckets = 10;

/**
 * Wraps opossum around calls whose outcome is a value: `failed` decides which values count as failures.
 *
 * The circuit opens for whom it concerns. When the calls without one cause fare well, that cause is to blame, and only its
 * calls are suspended. While the circuit is open although all failures share a cause, a call without that cause is let
 * through as a second opinion: if it succeeds, the circuit closes for all but that cause.
 *
 * opossum holds the state, its timer and the probe. It does not judge the calls, because it knows nothing of causes. Its
 * own timeout stays off, because it aborts all calls of a breaker together. Each call must bring its own: a probe that
 * never ends would keep the circuit half-open indefinitely.
 *
 * @param onSuspend called with a cause when the circuit opens for its calls alone
 */
export function createCircuit<T>(
  policy: BreakerPolicy,
  failed: (outcome: T) => boolean,
  onChange: (change: { from: CircuitState; to: CircuitState }) => void,
  onSuspend: (cause: string) => void = () => {},
): Circuit<T> {
  const evidence = createCallEvidence(buckets);
  const suspensions = createSuspensions(policy.openFor);
  /** While not closed: causes that every failure so far shares. */
  let suspects: readonly string[] = [];
  let askingForSecondOpinion = false;

  const ticking = setInterval(() => {
    evidence.rotate();
    suspensions.forget();
  }, policy.window / buckets).unref();
  const breaker = new CircuitBreaker(
    async (call: () => Promise<T>) => {
      const outcome = await call();
      if (failed(outcome)) throw new FailedCall(outcome);
      return outcome;
    },
    {
      timeout: false,
      volumeThreshold: Number.MAX_SAFE_INTEGER,
      // Its window is not used, so it need not roll.
      rotateBucketController: new EventEmitter(),
      resetTimeout: policy.openFor,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
    },
  );

  let state: CircuitState = 'closed';
  // opossum starts its timer where the call fails, so it runs outside of requests, and the caller tells of a change.
  const untold: Array<{ from: CircuitState; to: CircuitState }> = [];
  const tell = () => {
    for (const change of untold.splice(0)) onChange(change);
  };
  const enter = (to: CircuitState) => () => {
    const from = state;
    state = to;
    if (from !== to) untold.push({ from, to });
  };
  breaker.on('open', enter('open'));
  breaker.on('halfOpen', enter('half_open'));
  breaker.on('halfOpen', tell);
  breaker.on('close', enter('closed'));
  // The window still holds the failures that opened the circuit: without this, one more failure would reopen it.
  breaker.on('close', () => evidence.clear());

  function suspend(cause: string): void {
    suspensions.suspend(cause);
    onSuspend(cause);
  }

  function open(among: readonly string[]): void {
    suspects = among;
    outsideRequests(() => breaker.open());
    tell();
  }

  /** Opens the circuit if the window says so: for one cause if it explains the failures, else for all. */
  function judge(causes: readonly string[]): void {
    const total = evidence.total();
    if (total.calls < policy.volume || total.failures / total.calls <= policy.errorShare) return;
    const blamed = narrowest(
      evidence.failing().filter(([cause]) => fareWell(evidence.without(cause), policy.errorShare)),
    );
    if (blamed === undefined) open(evidence.shared());
    else if (causes.includes(blamed) && !suspensions.include([blamed])) suspend(blamed);
  }

  /** Records how a call ended. */
  function ended(isFailure: boolean, causes: readonly string[], probed: readonly string[]): void {
    evidence.ended(isFailure, causes);
    if (!isFailure) return;
    if (state !== 'closed') {
      suspects = suspects.filter((cause) => causes.includes(cause));
      return;
    }
    // Nothing else has succeeded since: then it may be the called side after all.
    const alone = probed.find((cause) => evidence.without(cause).successes === 0);
    if (alone === undefined) judge(causes);
    else open([alone]);
  }

  async function run<R extends T>(
    call: () => Promise<R>,
    causes: readonly string[],
    through: (call: () => Promise<R>) => Promise<R>,
  ): Promise<R | undefined> {
    const probe = suspensions.admit(causes);
    if (probe === undefined) return undefined;
    evidence.started(causes);
    let isFailure = true;
    try {
      const outcome = await through(call);
      isFailure = failed(outcome);
      return outcome;
    } finally {
      probe.ended(isFailure);
      ended(isFailure, causes, probe.causes);
    }
  }

  async function throughBreaker<R extends T>(call: () => Promise<R>): Promise<R> {
    const inRequest = currentContext();
    try {
      return (await outsideRequests(() => breaker.fire(() => inRequest(call)))) as R;
    } catch (error) {
      if (error instanceof FailedCall) return error.outcome as R;
      throw error;
    } finally {
      tell();
    }
  }

  /** Lets a call through that can tell whether the suspects or the called side is to blame. */
  async function secondOpinion<R extends T>(
    call: () => Promise<R>,
    causes: readonly string[],
  ): Promise<R | undefined> {
    const others = suspects.filter((cause) => !causes.includes(cause));
    if (others.length === 0 || askingForSecondOpinion || breaker.isShutdown) return undefined;
    askingForSecondOpinion = true;
    try {
      const outcome = await run(call, causes, (attempt) => attempt());
      if (outcome !== undefined && !failed(outcome) && state !== 'closed' && !breaker.isShutdown) {
        breaker.close();
        tell();
        for (const cause of others) suspend(cause);
      }
      return outcome;
    } finally {
      askingForSecondOpinion = false;
    }
  }

  return {
    async fire(call, causes = []) {
      // Checked here first, because opossum creates an error with a stack trace for every call that it rejects.
      return breaker.closed || breaker.pendingClose
        ? run(call, causes, throughBreaker)
        : secondOpinion(call, causes);
    },
    state: () => state,
    suspends: (causes) => suspensions.include(causes),
    suspended: () => suspensions.list(),
    close() {
      clearInterval(ticking);
      suspensions.clear();
      breaker.shutdown();
    },
  };
}

/** Whether calls ended well, as far as any has ended: at least one succeeded, and no more failed than may. */
function fareWell({ failures, successes }: Tally, errorShare: number): boolean {
  return successes > 0 && failures / (failures + successes) <= errorShare;
}

/** The cause of the fewest calls: rather one card than its client. */
function narrowest(causes: Iterable<[cause: string, tally: Readonly<Tally>]>): string | undefined {
  let [found, fewest]: [string | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
  for (const [cause, { calls }] of causes) if (calls < fewest) [found, fewest] = [cause, calls];
  return found;
}

/** Carries a failed outcome through opossum, which counts only calls that throw as failures. */
class FailedCall extends Error {
  readonly outcome: unknown;

  constructor(outcome: unknown) {
    super('failed call');
    this.outcome = outcome;
  }
}
