import { createInFlight } from '../../src/in-flight.ts';
import { createBacklog } from '../../src/orders/backlog.ts';
import type { LeasedOrder, NewOrder, Order } from '../../src/orders/order.ts';
import type { OrderDependencies } from '../../src/orders/order-dependencies.ts';
import type { OrderStore } from '../../src/orders/order-store.ts';
import { noHistory, type RoundHistory } from '../../src/orders/round-history.ts';
import type { CallContext, CancelOutcome, Charge, ChargeOutcome } from '../../src/payment/payment-gateway.ts';
import { noDeadline } from '../../src/resilience/deadline.ts';

// The steps of placing, cancelling and settling an order, with a gateway and a store that say what they are told to: the
// service tests meet most of these outcomes by chance only.

export interface Script {
  /** Outcomes of the gateway, one call after the other; the last one stays. */
  charges?: ChargeOutcome[];
  cancels?: CancelOutcome[];
  store?: Partial<OrderStore>;
  maxPending?: number;
}

export const paid: ChargeOutcome = { kind: 'succeeded', paymentId: 'ch_1' };
export const unknown = { kind: 'unknown', reason: 'timeout' } as const;
export const causes = ['card:tok_visa', 'client:shop'];

/** What the store holds. */
interface Stored extends LeasedOrder {
  held: boolean;
  /** Of the last release, in milliseconds. */
  wait: number | undefined;
}

/** A store in memory, which holds one order at most, and everything that is asked of the gateway. */
export function world({
  charges = [paid],
  cancels = [{ kind: 'cancelled' }],
  store = {},
  maxPending = 10,
}: Script = {}) {
  let stored: Stored | undefined;
  const charged: Array<[Charge, CallContext]> = [];
  const cancelled: Array<[string, CallContext]> = [];
  const events: unknown[][] = [];
  const report =
    (name: string) =>
    (...details: unknown[]) =>
      void events.push([name, ...details]);

  function lease(changes: Partial<LeasedOrder> = {}): Stored | undefined {
    if (stored?.held !== false || stored.order.status !== 'pending') return undefined;
    stored = { ...stored, ...changes, fencingToken: stored.fencingToken + 1, held: true };
    return stored;
  }
  /** Writes as the holder of the lease, and without effect as anybody else. */
  function write(leased: LeasedOrder, changes: (current: Stored) => Partial<Stored>) {
    const isHolder = stored?.fencingToken === leased.fencingToken && stored.order.status === 'pending';
    if (stored && isHolder) stored = { ...stored, ...changes(stored), held: false };
    return {
      order: stored?.order ?? leased.order,
      settledHere: isHolder && stored?.order.status !== 'pending',
    };
  }

  const memory: OrderStore = {
    async place(order, { accept }) {
      if (!accept) return { kind: 'not_accepted' };
      stored = { ...newlyLeased(order), held: true, wait: undefined };
      return { kind: 'placed', leased: stored };
    },
    settle: async (leased, settlement) =>
      write(leased, ({ order }) => ({ order: { ...order, ...settlement } })),
    release: async (leased, wait, history: RoundHistory = leased.history) =>
      write(leased, () => ({ wait, history })),
    async takeDue() {
      const leased = lease();
      return leased ? [leased] : [];
    },
    takeToCancel: async () => lease({ cancelling: true }),
    find: async () => stored?.order,
    list: async () => [],
    backlog: async () => ({ pending: 0, byClient: new Map(), age: undefined }),
    ...store,
  };

  const dependencies: OrderDependencies = {
    store: memory,
    payments: {
      async charge(charge, context) {
        charged.push([charge, context]);
        return next(charges);
      },
      async cancel(key, context) {
        cancelled.push([key, context]);
        return next(cancels);
      },
    },
    events: {
      placing(work) {
        report('placing')();
        return work();
      },
      traceparent: () => '00-trace',
      found: () => {},
      placed: ({ status }) => report('placed')(status),
      settled: ({ status }) => report('settled')(status),
      leftPending: (_order, reason) => report('leftPending')(reason),
      outcomeNotStored: (_order, error) => report('outcomeNotStored')(error),
      settling(_leased, round) {
        report('settling')();
        return round();
      },
      settlementFailed: report('settlementFailed'),
      settlementResumed: report('settlementResumed'),
    },
    backlog: createBacklog(memory, { maxPending, clientShare: 1 }),
    inFlight: createInFlight(),
    policy: {
      lease: 5000,
      deadline: 60_000,
      maxRefusals: 2,
      backoff: { base: 100, floor: 10, cap: 400 },
    },
  };
  return {
    dependencies,
    charged,
    cancelled,
    events,
    stored: () => stored,
    change(changes: Partial<Stored>) {
      if (stored) stored = { ...stored, ...changes };
    },
  };
}

function next<T>(outcomes: T[]): T {
  const outcome = outcomes.length > 1 ? outcomes.shift() : outcomes[0];
  if (outcome === undefined) throw new Error('the script has no outcome');
  return outcome;
}

function newlyLeased({ id, clientId, request, totalMinor, traceparent }: NewOrder): LeasedOrder {
  const { paymentToken, ...rest } = request;
  const at = new Date('2026-11-20T09:30:00Z');
  const order: Order = { id, clientId, ...rest, totalMinor, status: 'pending', createdAt: at, updatedAt: at };
  return { order, paymentToken, age: 0, cancelling: false, history: noHistory, fencingToken: 1, traceparent };
}

/** Placing an order, without a deadline. */
export const command = {
  clientId: 'shop',
  request: {
    customerId: 'cus_42',
    currency: 'EUR',
    items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
    paymentToken: 'tok_visa',
  },
  idempotencyKey: 'key-1',
  requestId: 'request-1',
  deadline: noDeadline,
} as const;

export const passed = { remaining: () => 0 };
