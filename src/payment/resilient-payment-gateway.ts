import { setTimeout as delay } from 'node:timers/promises';
import pRetry from 'p-retry';
import { type Backoff, fullJitter } from '../resilience/backoff.ts';
import { type BreakerPolicy, type CircuitState, createCircuit } from '../resilience/circuit-breaker.ts';
import type {
  AttemptEvent,
  CallContext,
  CancelOutcome,
  ChargeOutcome,
  PaymentEvents,
  PaymentGateway,
  Undecided,
} from './payment-gateway.ts';
import { createRetryBudget } from '../resilience/retry-budget.ts';

export interface ResiliencePolicy {
  /** Attempts per call, the first included. */
  maxAttempts: number;
  /** Milliseconds for one call with all its retries. */
  deadline: number;
  /** Milliseconds that the gateway has for one attempt. */
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
 * Wraps a gateway that makes one attempt: retry around circuit breaker around attempt. Every attempt of a call
 * carries the same key, so that a repeat can never charge twice.
 */
export function createResilientPaymentGateway(
  attempts: PaymentGateway,
  policy: ResiliencePolicy,
  events: PaymentEvents,
): ResilientPaymentGateway {
  const circuit = createCircuit<ChargeOutcome | CancelOutcome>(policy.breaker, isUndecided, (change) =>
    events.circuitChanged(change),
  );
  const budget = createRetryBudget(policy.retryBudget);

  /**
   * An attempt that has less time than the gateway is given. If it is cut off, that tells how patient the caller is and
   * nothing of the gateway: the circuit is not told, and such an attempt is no probe for it either.
   */
  async function fireInHaste<T extends ChargeOutcome | CancelOutcome>(
    attempt: () => Promise<T>,
  ): Promise<T | Undecided | undefined> {
    if (circuit.state() !== 'closed') return undefined;
    const outcome = await attempt();
    if (outcome.kind === 'unknown' && outcome.reason === 'timeout') {
      return { kind: 'unknown', reason: 'deadline', cause: outcome.cause };
    }
    await circuit.fire(async () => outcome);
    return outcome;
  }

  async function attemptOnce<T extends ChargeOutcome | CancelOutcome>(
    event: AttemptEvent,
    inHaste: boolean,
    attempt: () => Promise<T>,
  ): Promise<T | Undecided> {
    const startedAt = performance.now();
    const state = circuit.state();
    events.attempting(event);
    const outcome = (inHaste ? await fireInHaste(attempt) : await circuit.fire(attempt)) ?? circuitOpen;
    events.attempted({ ...event, outcome, duration: performance.now() - startedAt, circuit: state });
    return outcome;
  }

  async function withRetries<T extends ChargeOutcome | CancelOutcome>(
    call: Omit<AttemptEvent, 'attempt'>,
    context: CallContext,
    attempt: (context: CallContext) => Promise<T>,
  ): Promise<T | Undecided> {
    const patience = context.timeLimit ?? Number.POSITIVE_INFINITY;
    const timeLimit = Math.min(policy.deadline, patience);
    const startedAt = performance.now();
    const timeLeft = () => timeLimit - (performance.now() - startedAt);
    let doubt: Undecided | undefined;

    budget.deposit();
    try {
      return await pRetry(
        async (number) => {
          const limited = { ...context, timeLimit: Math.max(1, timeLeft()) };
          const inHaste = patience < policy.deadline && limited.timeLimit < policy.attemptTimeout;
          const event = { ...call, attempt: number };
          const outcome = await attemptOnce(event, inHaste, () => attempt(limited));
          if (!isUndecided(outcome)) return outcome;
          if (outcome.kind === 'unknown') doubt = outcome;
          throw new FailedAttempt(outcome);
        },
        {
          retries: context.retry === false ? 0 : policy.maxAttempts - 1,
          // The wait is drawn and awaited in `shouldRetry`: p-retry's own randomization is not full jitter.
          minTimeout: 0,
          async shouldRetry({ error, attemptNumber }) {
            if (!(error instanceof FailedAttempt) || !isWorthRepeating(error.outcome)) return false;
            const wait = Math.max(retryAfterOf(error.outcome), fullJitter(attemptNumber, policy.backoff));
            if (wait >= timeLeft()) return false;
            const event = { ...call, attempt: attemptNumber };
            if (!budget.withdraw()) {
              events.retryBudgetSpent(event);
              return false;
            }
            events.retrying({ ...event, outcome: error.outcome, delay: wait });
            await delay(wait);
            return true;
          },
        },
      );
    } catch (error) {
      // Once an attempt was in doubt, the call is, whatever the later attempts met.
      if (error instanceof FailedAttempt) return doubt ?? error.outcome;
      throw error;
    }
  }

  const call: typeof withRetries = (named, context, attempt) =>
    events.calling(named, () => withRetries(named, context, attempt));

  return {
    charge: (charge, context) =>
      call({ operation: 'charge', key: charge.key }, context, (limited) => attempts.charge(charge, limited)),
    cancel: (key, context) =>
      call({ operation: 'cancel', key }, context, (limited) => attempts.cancel(key, limited)),
    circuitState: () => circuit.state(),
    close: () => circuit.close(),
  };
}

const circuitOpen: Undecided = { kind: 'unavailable', reason: 'circuit_open' };

/** Carries an outcome through p-retry, which only repeats what is thrown. */
class FailedAttempt extends Error {
  readonly outcome: Undecided;

  constructor(outcome: Undecided) {
    super('failed attempt');
    this.outcome = outcome;
  }
}

/** These count against the gateway. A declined card does not: that is the gateway at work. */
function isUndecided(outcome: ChargeOutcome | CancelOutcome): outcome is Undecided {
  return outcome.kind === 'unavailable' || outcome.kind === 'unknown';
}

/** An open circuit is there to spare the gateway, and a request that is refused as such stays refused. */
function isWorthRepeating(outcome: Undecided): boolean {
  return outcome.kind === 'unknown' || outcome.reason === 'unreachable' || outcome.reason === 'rate_limited';
}

function retryAfterOf(outcome: Undecided): number {
  return outcome.kind === 'unavailable' ? (outcome.retryAfter ?? 0) : 0;
}
