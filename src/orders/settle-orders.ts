import { codesOf } from '../errors.ts';
import { type Crew, createCrew } from '../leasing/crew.ts';
import type { CallContext } from '../payment/payment-gateway.ts';
import type { CircuitState } from '../resilience/circuit-breaker.ts';
import type { LeasedOrder } from './order.ts';
import type { OrderDependencies } from './order-dependencies.ts';
import { causesOf, chargeFor, type Recorded, recordOutcome } from './record-outcome.ts';
import { historyAfter, historyAfterCancel } from './round-history.ts';

export type SettlementWorker = Crew;

export interface WorkerOptions {
  /** Milliseconds between two polls while there is nothing to do. */
  pollInterval: number;
  /** Orders settled at the same time. They take gateway and database capacity away from live traffic. */
  concurrency: number;
  /** Orders taken in one statement. */
  batchSize: number;
  /** Length of the leases in milliseconds, longer than the work on the orders that a crew has in hand. */
  leases: { prompt: number; patient: number };
  /** The circuit of calls whose client waits, and that of patient calls. */
  circuits(): Record<'payment' | 'settlement', CircuitState>;
  /** Requests that the gateway takes now: none during a pause that it asked for, and one at the end of it. */
  pauseCapacity(): number;
  /** Asks whether another replica was told to pause. */
  learnPause(): Promise<void>;
}

/** Orders in flight of the patient crew, for given lanes of the prompt one. Mostly they wait for the gateway. */
export const patientLanes = (concurrency: number) => Math.ceil(concurrency / 2);

/**
 * Settles the orders that requests left pending after a crash, a timeout or an open circuit. Every replica runs one
 * worker, and they share the work. The worker returns to an order round after round, so it calls the gateway once per
 * round and never retries.
 *
 * Two crews share the orders, so that one that the gateway does not answer for holds up none of the others. The prompt crew
 * takes orders that were answered or never sent, and gives the gateway as long as a client would. The patient crew takes
 * those that the gateway left unanswered, and waits for as long as an answer may take. While the gateway is too slow for
 * clients, the patient crew takes all orders. Both take orders of each client in turn, and so do their lanes.
 */
export function createSettlementWorker(
  dependencies: OrderDependencies,
  options: WorkerOptions,
): SettlementWorker {
  const { store, backlog, events } = dependencies;
  const { concurrency, batchSize, leases, pollInterval } = options;
  let lookedAt = Number.NEGATIVE_INFINITY;
  /** The fault that the last look of each crew met, and the last count. */
  const failing = new Map<'prompt' | 'patient' | 'count', string>();

  /** Reports a fault once, however many looks meet it, and the end of all: one crew may find what the other cannot. */
  const reportLook = (of: 'prompt' | 'patient' | 'count') => (error?: unknown) => {
    if (error === undefined) {
      if (failing.delete(of) && failing.size === 0) events.settlementResumed();
      return;
    }
    const fault = codesOf(error);
    const isReported = [...failing.values()].includes(fault);
    failing.set(of, fault);
    if (!isReported) events.settlementFailed(error);
  };

  /** Once per poll, even while batch follows batch. Orders are settled without a count, too: that of very many takes too long. */
  async function lookAround(): Promise<void> {
    if (performance.now() - lookedAt < pollInterval) return;
    const counted = reportLook('count');
    await Promise.all([backlog.refresh().then(() => counted(), counted), options.learnPause()]);
    lookedAt = performance.now();
  }

  const settle = (leased: LeasedOrder, how: Pick<CallContext, 'patient' | 'signal'>) =>
    events.settling(leased, async () => (await settleOrder(dependencies, leased, how)).order);
  const common = {
    pollInterval,
    clientOf: ({ order }: LeasedOrder) => order.clientId,
    giveBack: (leased: LeasedOrder) => store.release(leased, 0),
    onRoundFailed: (error: unknown) => events.settlementFailed(error),
  };
  const capacity = (circuit: 'payment' | 'settlement') =>
    Math.min(
      options.pauseCapacity(),
      { closed: Number.POSITIVE_INFINITY, half_open: 1, open: 0 }[options.circuits()[circuit]],
    );

  const prompt = createCrew({
    ...common,
    lanes: concurrency,
    batchSize,
    ahead: true,
    capacity: () => capacity('payment'),
    beforeLook: lookAround,
    onLook: reportLook('prompt'),
    async take(limit) {
      // A probe speaks for all orders: one that never gets an answer must not be it.
      const isProbe = capacity('payment') === 1;
      // To take turns costs more than the order of the due times.
      const which = isProbe ? 'fresh' : backlog.isOfSeveral() ? 'answered_in_turn' : 'answered';
      return store.takeDue(which, limit, leases.prompt);
    },
    work: (leased) => settle(leased, {}),
  });
  const patient = createCrew({
    ...common,
    lanes: patientLanes(concurrency),
    batchSize: patientLanes(concurrency),
    capacity: () => capacity('settlement'),
    onLook: reportLook('patient'),
    async take(limit) {
      const which = options.circuits().payment === 'closed' ? 'unanswered' : 'any';
      return store.takeDue(which, limit, leases.patient);
    },
    // A patient call would outlast the shutdown.
    work: (leased, signal) => settle(leased, { patient: true, signal }),
  });
  const crews = [prompt, patient];

  return {
    start() {
      for (const crew of crews) crew.start();
    },
    wake() {
      for (const crew of crews) crew.wake();
    },
    async stop() {
      await Promise.all(crews.map((crew) => crew.stop()));
    },
  };
}

/**
 * One round: calls the gateway and stores the outcome. It cancels and no longer charges past the settlement deadline, and
 * once the client has asked to cancel, or the gateway has refused the charge often enough: an earlier attempt may have been
 * carried out, or may arrive late.
 */
async function settleOrder(
  dependencies: OrderDependencies,
  leased: LeasedOrder,
  how: Pick<CallContext, 'patient' | 'signal'>,
): Promise<Recorded> {
  const { payments, policy } = dependencies;
  const { refusals, refusalCode } = leased.history;
  const context = { requestId: `settle-${leased.order.id}`, retry: false, ...how, ...causesOf(leased) };
  const isRefused = refusalCode !== undefined && refusals >= policy.maxRefusals;
  if (leased.cancelling || isRefused || leased.age > policy.deadline) {
    const outcome = await payments.cancel(leased.order.id, context);
    const givesUp = isRefused && !leased.cancelling && outcome.kind === 'cancelled';
    const verdict = givesUp ? ({ kind: 'given_up', refusalCode } as const) : outcome;
    return recordOutcome(dependencies, leased, verdict, historyAfterCancel(leased.history, outcome));
  }
  const outcome = await payments.charge(chargeFor(leased), context);
  return recordOutcome(dependencies, leased, outcome, historyAfter(leased.history, outcome));
}
