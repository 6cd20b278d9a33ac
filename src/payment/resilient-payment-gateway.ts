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
import { parseCause } from './cause.ts';
import { createGatewayPause, type GatewayPause, type SharedPause } from './gateway-pause.ts';
import {
  createGatewayPlaces,
  type GatewayPlaces,
  type NoPlace,
  type PlacesPolicy,
} from './gateway-places.ts';
import type {
  AttemptEvent,
  Breaker,
  CallContext,
  CancelOutcome,
  ChargeOutcome,
  PaymentEvents,
  PaymentGateway,
  UnavailableReason,
  Undecided,
} from './payment-gateway.ts';

export interface ResiliencePolicy extends PlacesPolicy {
  /** Attempts per call, the first included. */
  maxAttempts: number;
  /** Milliseconds for one call, retries included. */
  deadline: number;
  /** Milliseconds that the gateway is granted for one attempt. */
  attemptTimeout: number;
  /** The same for a patient call. */
  patientTimeout: number;
  /** The longest pause that the gateway may ask for, in milliseconds. */
  longestPause: number;
  backoff: Backoff;
  retryBudget: { share: number; reserve: number };
  breaker: BreakerPolicy;
}

export interface ResilientPaymentGateway extends PaymentGateway {
  circuitStates(): Record<Breaker, CircuitState>;
  /** Causes for whose calls alone a circuit is open. */
  suspended(): string[];
  /** Milliseconds until the pause that the gateway asked for is over; 0 outside of one. */
  pausedFor(): number;
  /** Requests that the pause lets through now: any number, none, or one that asks whether it is over. */
  pauseCapacity(): number;
  /** Pauses if another replica does. */
  learnPause(): Promise<void>;
  /** Requests that wait for a connection, and those that have had one so far. */
  connections: Pick<GatewayPlaces, 'waiting' | 'completed'>;
  close(): void;
}

/**
 * Wraps a gateway that makes one attempt, in this order:
 *
 *     retry      repeats, under the same key and until the deadline, what a repeat can help
 *     ▸ budget   bounds the retries of all calls together, so that they cannot multiply an outage
 *     ▸ places   leaves connections to the other clients, whatever one of them sends (a bulkhead)
 *     ▸ pause    sends nothing for as long as the gateway asks
 *     ▸ breaker  answers in place of a gateway that keeps failing
 *     ▸ attempt  sends one request to the gateway
 *
 * There are two breakers, because a gateway can be too slow for clients that wait and fast enough for a worker. That of
 * patient calls does not count those without an answer: they are few at a time, and each takes long.
 *
 * @param shared where replicas tell each other of a pause; default: each learns of it from the gateway
 */
export function createResilientPaymentGateway(
  gateway: PaymentGateway,
  policy: ResiliencePolicy,
  events: PaymentEvents,
  shared?: SharedPause,
): ResilientPaymentGateway {
  const circuitOf = (breaker: Breaker, countsAgainst: (outcome: Outcome) => boolean) =>
    createCircuit<Outcome>(
      policy.breaker,
      countsAgainst,
      (change) => events.circuitChanged({ breaker, ...change }),
      (cause) => events.suspended({ breaker, cause }),
    );
  const circuits = {
    payment: circuitOf('payment', (outcome) => isFailure(outcome, policy)),
    settlement: circuitOf('settlement', (outcome) => isFailure(outcome, policy) && !isTimeout(outcome)),
  };
  const pause = createGatewayPause({ longest: policy.longestPause, shared, events });
  const places = createGatewayPlaces(policy, (client) => events.clientShareUsed({ client }));
  const budget = createRetryBudget(policy.retryBudget);

  async function withRetries<T extends Outcome>(
    call: Call,
    context: CallContext,
    request: (context: CallContext) => Promise<T>,
  ): Promise<T | Undecided> {
    const { patient = false, causes = [], timeLimit: callersLimit = Number.POSITIVE_INFINITY } = context;
    const granted = patient ? policy.patientTimeout : policy.attemptTimeout;
    const ownDeadline = deadlineIn(patient ? Number.POSITIVE_INFINITY : policy.deadline);
    const callersDeadline = deadlineIn(callersLimit);
    const deadline = { remaining: () => Math.min(ownDeadline.remaining(), callersDeadline.remaining()) };
    const retries = !patient && context.retry !== false;
    let doubt: Undecided | undefined;

    async function attempt(number: number): Promise<Attempt<T | Undecided, Undecided>> {
      const breaker = patient ? 'settlement' : 'payment';
      const event = { ...call, attempt: number, breaker, circuit: circuits[breaker].state() } as const;
      const left = deadline.remaining();
      // The lease of a caller that comes back by itself is measured for an attempt, and not for a wait besides.
      const together = retries ? left : Math.min(granted, left);
      const bounds = { granted, together, elapsed: callersDeadline.remaining() };
      const outcome = await observed(events, event, policy, () =>
        inPlace(places, context, bounds, (attemptTimeout, waited) => {
          // Only a caller waits by the clock: the gateway is not late because this process is paused beyond its own deadline.
          const timeLimit = Math.max(1, callersDeadline.remaining());
          const isCut = waited || callersLimit < policy.deadline;
          const isShortened = isCut && Math.min(attemptTimeout, timeLimit) < granted;
          const attemptOnce = patient ? patientAttempt : isShortened ? shortenedAttempt : fullAttempt;
          return heedingPause(pause, () =>
            attemptOnce(circuits, causes, policy, () => request({ ...context, timeLimit, attemptTimeout })),
          );
        }),
      );
      if (outcome.kind === 'unknown') doubt = outcome;
      return isWorthRepeating(outcome) ? again(outcome) : { kind: 'done', value: outcome };
    }

    const result = await retryWithFullJitter(attempt, {
      maxAttempts: retries ? policy.maxAttempts : 1,
      backoff: policy.backoff,
      deadline,
      budget,
      onRetry: ({ attempt: number, delay, failure }) =>
        events.retrying({ ...call, attempt: number, outcome: failure, delay }),
    });
    if (result.kind === 'gave_up' && result.because === 'budget')
      events.retryBudgetSpent({ ...call, attempt: result.attempt });
    const last = result.kind === 'done' ? result.value : result.failure;
    const outcome = afterDoubt(doubt, last);
    // The pause concerns the gateway, whatever an earlier attempt left in doubt.
    const retryAfter = asksToWait(last) ?? asksToWait(outcome);
    return retryAfter === undefined ? outcome : { ...outcome, retryAfter: pause.atMost(retryAfter) };
  }

  const run: typeof withRetries = (call, context, request) =>
    events.calling(call, () => withRetries(call, context, request));

  return {
    charge: (charge, context) =>
      run({ operation: 'charge', key: charge.key }, context, (limited) => gateway.charge(charge, limited)),
    cancel: (key, context) =>
      run({ operation: 'cancel', key }, context, (limited) => gateway.cancel(key, limited)),
    circuitStates: () => ({ payment: circuits.payment.state(), settlement: circuits.settlement.state() }),
    suspended: () => [...new Set([...circuits.payment.suspended(), ...circuits.settlement.suspended()])],
    pausedFor: pause.remaining,
    pauseCapacity: pause.capacity,
    learnPause: pause.learn,
    connections: places,
    close() {
      circuits.payment.close();
      circuits.settlement.close();
      pause.close();
    },
  };
}

type Outcome = ChargeOutcome | CancelOutcome;
type Call = Omit<AttemptEvent, 'attempt'>;
type Circuits = Record<Breaker, Circuit<Outcome>>;

/** Sends a request on a way that the circuits judge. */
type AttemptOnce = <T extends Outcome>(
  circuits: Circuits,
  causes: readonly string[],
  policy: Pick<ResiliencePolicy, 'attemptTimeout' | 'longestPause'>,
  request: () => Promise<T>,
) => Promise<T | Undecided>;

/** Reports an attempt before and after. */
async function observed<T extends Outcome>(
  events: PaymentEvents,
  event: AttemptEvent & { breaker: Breaker; circuit: CircuitState },
  policy: ResiliencePolicy,
  attempt: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  events.attempting(event);
  const outcome = await attempt();
  const duration = performance.now() - startedAt;
  events.attempted({ ...event, outcome, duration, isFailure: isFailure(outcome, policy) });
  return outcome;
}

const notSent: Record<NoPlace['kind'], Undecided> = {
  share_used: { kind: 'unavailable', reason: 'client_share' },
  all_taken: { kind: 'unavailable', reason: 'connections_busy' },
};

/**
 * Makes an attempt in a place of the client, for which it may wait as long as an attempt still fits into the time of both
 * together, or at least for half of it. Both are times in which this process runs; `elapsed` bounds the wait by the clock.
 *
 * @param attempt gets the time that is granted to it, in milliseconds, and whether it had to wait
 */
async function inPlace<T extends Outcome>(
  places: GatewayPlaces,
  { causes = [], signal }: CallContext,
  { granted, together, elapsed }: { granted: number; together: number; elapsed: number },
  attempt: (granted: number, waited: boolean) => Promise<T | Undecided>,
): Promise<T | Undecided> {
  const longestWait = Math.max(together - granted, together / 2);
  const askedAt = performance.now();
  const place = await places.enter(clientOf(causes), { running: longestWait, elapsed }, signal);
  if (place.kind !== 'place') return notSent[place.kind];
  // What is longer than the bound is a pause of this process.
  const waitedFor = place.waited ? Math.min(performance.now() - askedAt, longestWait) : 0;
  try {
    return await attempt(Math.max(1, Math.min(granted, together - waitedFor)), place.waited);
  } finally {
    place.leave();
  }
}

function clientOf(causes: readonly string[]): string {
  return causes.map(parseCause).find(({ scope }) => scope === 'client')?.value ?? '';
}

/** Sends nothing during a pause, and learns from every answer whether one begins. */
async function heedingPause<T extends Outcome>(
  pause: GatewayPause,
  attempt: () => Promise<T>,
): Promise<T | Undecided> {
  if (!pause.admit()) return { kind: 'unavailable', reason: 'paused', retryAfter: pause.remaining() };
  let report = () => pause.answered(undefined);
  try {
    const outcome = await attempt();
    report = isRejection(outcome) ? pause.notSent : () => pause.answered(asksToWait(outcome));
    return outcome;
  } finally {
    report();
  }
}

const circuitOpen: Undecided = { kind: 'unavailable', reason: 'circuit_open' };
const suspended: Undecided = { kind: 'unavailable', reason: 'suspended' };

/** Whether a circuit kept the request back. */
function isRejection(outcome: Outcome): boolean {
  return outcome === circuitOpen || outcome === suspended;
}

function rejectedBy({ state, suspends }: Circuit<Outcome>, causes: readonly string[]): Undecided {
  return state() === 'closed' && suspends(causes) ? suspended : circuitOpen;
}

const fullAttempt: AttemptOnce = async ({ payment, settlement }, causes, policy, request) => {
  const outcome = await payment.fire(request, causes);
  if (outcome === undefined) return rejectedBy(payment, causes);
  // The gateway is fast enough for clients that wait, and so for the worker.
  if (settlement.state() === 'half_open' && !isFailure(outcome, policy))
    await settlement.fire(async () => outcome, causes);
  return outcome;
};

/**
 * An attempt that the caller's deadline leaves less time than the gateway is granted. If it is cut off, that says nothing
 * about the gateway. So the circuit does not count it, and a half-open circuit does not use it as its probe.
 */
const shortenedAttempt: AttemptOnce = async ({ payment }, causes, _policy, request) => {
  if (payment.state() !== 'closed' || payment.suspends(causes)) return rejectedBy(payment, causes);
  const outcome = await request();
  if (isTimeout(outcome)) return { kind: 'unknown', reason: 'deadline', cause: outcome.cause };
  await payment.fire(async () => outcome, causes);
  return outcome;
};

/** An attempt that nobody waits for. What it shows of the gateway holds for others unless they could not have waited. */
const patientAttempt: AttemptOnce = async ({ payment, settlement }, causes, policy, request) => {
  const startedAt = performance.now();
  const outcome = await settlement.fire(request, causes);
  if (outcome === undefined) return rejectedBy(settlement, causes);
  if (isFailure(outcome, policy) || performance.now() - startedAt <= policy.attemptTimeout)
    await payment.fire(async () => outcome, causes);
  return outcome;
};

/** Once an attempt was in doubt, the whole call is, unless a later attempt has a decided outcome. */
function afterDoubt<T extends Outcome>(doubt: Undecided | undefined, last: T | Undecided): T | Undecided {
  return isUndecided(last) || last.kind === 'refused' ? (doubt ?? last) : last;
}

function isUndecided(outcome: Outcome): outcome is Undecided {
  return outcome.kind === 'unavailable' || outcome.kind === 'unknown';
}

/**
 * What counts against the gateway. It did its job when a card is declined, and when it refuses a request or is busy with
 * its key. While it asks for a pause, the pause spares it, if there are pauses. It is not to blame when its caller hangs up.
 */
function isFailure(outcome: Outcome, { longestPause }: Pick<ResiliencePolicy, 'longestPause'>): boolean {
  const isSpared = longestPause > 0 && asksToWait(outcome) !== undefined;
  return isUndecided(outcome) && !blameless.has(outcome.reason) && !isSpared;
}
const blameless: ReadonlySet<Undecided['reason']> = new Set(['key_in_use', 'deadline']);

function isTimeout(outcome: Outcome): outcome is Undecided & { reason: 'timeout' } {
  return outcome.kind === 'unknown' && outcome.reason === 'timeout';
}

/** The pause that the gateway asks for, in milliseconds. */
function asksToWait(outcome: Outcome): number | undefined {
  const { retryAfter = 0 } = isUndecided(outcome) ? outcome : {};
  return retryAfter > 0 ? retryAfter : undefined;
}

/** An open circuit must spare the gateway, and a gateway that rejects or refuses a request will do so again. */
function isWorthRepeating(outcome: Outcome): outcome is Undecided {
  return outcome.kind === 'unknown' || (outcome.kind === 'unavailable' && repeatable.has(outcome.reason));
}
const repeatable: ReadonlySet<UnavailableReason> = new Set(['unreachable', 'rate_limited', 'key_in_use']);

function again(failure: Undecided): Attempt<never, Undecided> {
  return { kind: 'again', failure, retryAfter: failure.retryAfter ?? 0 };
}
