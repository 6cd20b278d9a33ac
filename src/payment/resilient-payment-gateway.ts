import type { Backoff } from '../resilience/backoff.ts';
import {
  type BreakerPolicy,
  type Circuit,
  type CircuitState,
  createCircuit,
} from '../resilience/circuit-breaker.ts';
import { deadlineIn } from '../resilience/deadline.ts';
import { createRetryBudget } from '../resilience/retry-budget.ts';
import { type Attempt, retryWithFullJitter } from '../resilience/retry-with-full-jitter.ts';
import type {
  AttemptEvent,
  CallContext,
  CancelOutcome,
  ChargeOutcome,
  PaymentEvents,
  PaymentGateway,
  Undecided,
} from './payment-gateway.ts';

export interface ResiliencePolicy {
  /** Attempts per call, the first included. */
  maxAttempts: number;
  /** Milliseconds for one call, retries included. */
  deadline: number;
  /** Milliseconds that the gateway is granted for one attempt. */
  attemptTimeout: number;
  backoff: Backoff;
  retryBudget: { share: number; reserve: number };
  breaker: BreakerPolicy;
}

export interface ResilientPaymentGateway extends PaymentGateway {
  circuitState(): CircuitState;
  close(): void;
}

/**
 * Wraps a gateway that makes one attempt, in this order:
 *
 *     retry      repeats, under the same key and until the deadline, what a repeat can help
 *     ▸ budget   bounds the retries of all calls together, so that they cannot multiply an outage
 *     ▸ breaker  answers in place of a gateway that keeps failing
 *     ▸ attempt  sends one request to the gateway
 */
export function createResilientPaymentGateway(
  gateway: PaymentGateway,
  policy: ResiliencePolicy,
  events: PaymentEvents,
): ResilientPaymentGateway {
  const circuit = createCircuit<Outcome>(policy.breaker, isUndecided, (change) =>
    events.circuitChanged(change),
  );
  const budget = createRetryBudget(policy.retryBudget);

  async function withRetries<T extends Outcome>(
    call: Call,
    context: CallContext,
    request: (context: CallContext) => Promise<T>,
  ): Promise<T | Undecided> {
    const callersLimit = context.timeLimit ?? Number.POSITIVE_INFINITY;
    const deadline = deadlineIn(Math.min(policy.deadline, callersLimit));
    let doubt: Undecided | undefined;

    async function attempt(number: number): Promise<Attempt<T | Undecided, Undecided>> {
      const timeLimit = Math.max(1, deadline.remaining());
      const isShortened = callersLimit < policy.deadline && timeLimit < policy.attemptTimeout;
      const attemptOnce = isShortened ? shortenedAttempt : fullAttempt;
      const outcome = await observed(events, circuit, { ...call, attempt: number }, () =>
        attemptOnce(circuit, () => request({ ...context, timeLimit })),
      );
      if (outcome.kind === 'unknown') doubt = outcome;
      return isWorthRepeating(outcome) ? again(outcome) : { kind: 'done', value: outcome };
    }

    const result = await retryWithFullJitter(attempt, {
      maxAttempts: context.retry === false ? 1 : policy.maxAttempts,
      backoff: policy.backoff,
      deadline,
      budget,
      onRetry: ({ attempt: number, delay, failure }) =>
        events.retrying({ ...call, attempt: number, outcome: failure, delay }),
    });
    if (result.kind === 'done') return afterDoubt(doubt, result.value);
    if (result.because === 'budget') events.retryBudgetSpent({ ...call, attempt: result.attempt });
    return afterDoubt(doubt, result.failure);
  }

  const run: typeof withRetries = (call, context, request) =>
    events.calling(call, () => withRetries(call, context, request));

  return {
    charge: (charge, context) =>
      run({ operation: 'charge', key: charge.key }, context, (limited) => gateway.charge(charge, limited)),
    cancel: (key, context) =>
      run({ operation: 'cancel', key }, context, (limited) => gateway.cancel(key, limited)),
    circuitState: () => circuit.state(),
    close: () => circuit.close(),
  };
}

type Outcome = ChargeOutcome | CancelOutcome;
type Call = Omit<AttemptEvent, 'attempt'>;

/** Reports an attempt before and after. */
async function observed<T extends Outcome>(
  events: PaymentEvents,
  circuit: Circuit<Outcome>,
  event: AttemptEvent,
  attempt: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const state = circuit.state();
  events.attempting(event);
  const outcome = await attempt();
  events.attempted({ ...event, outcome, duration: performance.now() - startedAt, circuit: state });
  return outcome;
}

const circuitOpen: Undecided = { kind: 'unavailable', reason: 'circuit_open' };

async function fullAttempt<T extends Outcome>(
  circuit: Circuit<Outcome>,
  request: () => Promise<T>,
): Promise<T | Undecided> {
  return (await circuit.fire(request)) ?? circuitOpen;
}

/**
 * An attempt that the caller's deadline leaves less time than the gateway is granted. If it is cut off, that says nothing
 * about the gateway. So the circuit does not count it, and a half-open circuit does not use it as its probe.
 */
async function shortenedAttempt<T extends Outcome>(
  circuit: Circuit<Outcome>,
  request: () => Promise<T>,
): Promise<T | Undecided> {
  if (circuit.state() !== 'closed') return circuitOpen;
  const outcome = await request();
  if (outcome.kind === 'unknown' && outcome.reason === 'timeout') {
    return { kind: 'unknown', reason: 'deadline', cause: outcome.cause };
  }
  await circuit.fire(async () => outcome);
  return outcome;
}

/** Once an attempt was in doubt, the whole call is, unless a later attempt has a decided outcome. */
function afterDoubt<T extends Outcome>(doubt: Undecided | undefined, last: T | Undecided): T | Undecided {
  return isUndecided(last) ? (doubt ?? last) : last;
}

/** These count against the gateway. A declined card does not: the gateway did its job. */
function isUndecided(outcome: Outcome): outcome is Undecided {
  return outcome.kind === 'unavailable' || outcome.kind === 'unknown';
}

/** An open circuit must spare the gateway, and a gateway that rejects the request itself will reject it again. */
function isWorthRepeating(outcome: Outcome): outcome is Undecided {
  return (
    outcome.kind === 'unknown' ||
    (outcome.kind === 'unavailable' &&
      (outcome.reason === 'unreachable' || outcome.reason === 'rate_limited'))
  );
}

function again(failure: Undecided): Attempt<never, Undecided> {
  const retryAfter = failure.kind === 'unavailable' ? (failure.retryAfter ?? 0) : 0;
  return { kind: 'again', failure, retryAfter };
}
