import { setTimeout as delay } from 'node:timers/promises';
import pRetry from 'p-retry';
import { type Backoff, fullJitter } from '../backoff.ts';
import { type BreakerPolicy, createCircuit } from './circuit-breaker.ts';
import type {
  CallContext,
  Charge,
  ChargeOutcome,
  CircuitState,
  PaymentEvents,
  PaymentGateway,
} from './payment-gateway.ts';
import { createRetryBudget } from './retry-budget.ts';

export interface ResiliencePolicy {
  /** Attempts per charge, the first included. */
  maxAttempts: number;
  /** Milliseconds for one charge with all its retries. */
  deadline: number;
  backoff: Backoff;
  retryBudget: { share: number; reserve: number };
  breaker: BreakerPolicy;
}

/**
 * Wraps a gateway that makes one attempt: retry around circuit breaker around attempt. Every attempt of a charge
 * carries the same key, so that a repeat can never charge twice.
 */
export function createResilientPaymentGateway(
  attempts: PaymentGateway,
  policy: ResiliencePolicy,
  events: PaymentEvents,
): PaymentGateway & { circuitState(): CircuitState; close(): void } {
  const circuit = createCircuit<ChargeOutcome>(policy.breaker, blamesGateway, (change) =>
    events.circuitChanged(change),
  );
  const budget = createRetryBudget(policy.retryBudget);

  async function attemptOnce(charge: Charge, attempt: number, context: CallContext): Promise<ChargeOutcome> {
    const startedAt = performance.now();
    const outcome = (await circuit.fire(() => attempts.charge(charge, context))) ?? circuitOpen;
    events.attempted({ charge, attempt, outcome, duration: performance.now() - startedAt });
    return outcome;
  }

  return {
    async charge(charge, context) {
      const timeLimit = Math.min(policy.deadline, context.timeLimit ?? Number.POSITIVE_INFINITY);
      const startedAt = performance.now();
      const timeLeft = () => timeLimit - (performance.now() - startedAt);
      let doubt: ChargeOutcome | undefined;

      budget.deposit();
      try {
        return await pRetry(
          async (attempt) => {
            const outcome = await attemptOnce(charge, attempt, {
              ...context,
              timeLimit: Math.max(1, timeLeft()),
            });
            if (outcome.kind === 'unknown') doubt = outcome;
            if (outcome.kind === 'unavailable' || outcome.kind === 'unknown') throw new Undecided(outcome);
            return outcome;
          },
          {
            retries: policy.maxAttempts - 1,
            // The wait is drawn and awaited in `shouldRetry`: p-retry's own randomization is not full jitter.
            minTimeout: 0,
            async shouldRetry({ error, attemptNumber: attempt }) {
              if (!(error instanceof Undecided) || !isWorthRepeating(error.outcome)) return false;
              const wait = Math.max(retryAfterOf(error.outcome), fullJitter(attempt, policy.backoff));
              if (wait >= timeLeft()) return false;
              if (!budget.withdraw()) {
                events.retryBudgetSpent({ charge, attempt });
                return false;
              }
              events.retrying({ charge, attempt, delay: wait, outcome: error.outcome });
              await delay(wait);
              return true;
            },
          },
        );
      } catch (error) {
        // Once an attempt was in doubt, the charge is, whatever the later attempts met.
        if (error instanceof Undecided) return doubt ?? error.outcome;
        throw error;
      }
    },

    circuitState: () => circuit.state(),
    close: () => circuit.close(),
  };
}

const circuitOpen: ChargeOutcome = { kind: 'unavailable', reason: 'circuit_open' };

/** Carries an outcome through p-retry, which only repeats what is thrown. */
class Undecided extends Error {
  readonly outcome: ChargeOutcome;

  constructor(outcome: ChargeOutcome) {
    super('undecided charge');
    this.outcome = outcome;
  }
}

/** A declined card is the gateway at work, not a fault of it. */
function blamesGateway(outcome: ChargeOutcome): boolean {
  return outcome.kind === 'unavailable' || outcome.kind === 'unknown';
}

/** An open circuit is there to spare the gateway, and a request that is refused as such stays refused. */
function isWorthRepeating(outcome: ChargeOutcome): boolean {
  if (outcome.kind === 'unavailable')
    return outcome.reason === 'unreachable' || outcome.reason === 'rate_limited';
  return outcome.kind === 'unknown';
}

function retryAfterOf(outcome: ChargeOutcome): number {
  return outcome.kind === 'unavailable' ? (outcome.retryAfter ?? 0) : 0;
}
