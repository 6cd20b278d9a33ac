/**
 * A guided failure for newcomers, in steps. `npm run tour` tells it in a terminal, the console beside its plots, and docs/tours.md
 * in prose.
 */
export interface Story {
  name: string;
  title: string;
  steps: readonly Step[];
}

/** Those settings of the gateway simulator that the stories use. */
export interface StoryFaults {
  latencyMs?: number;
  timeoutRate?: number;
  errorRate?: number;
  slowSuccessRate?: number;
  slowSuccessDelayMs?: number;
}

export type Step = { text: string } & (
  | { kind: 'read' }
  /** Sets faults of the gateway; empty settings clear them. */
  | { kind: 'faults'; settings: StoryFaults }
  /** Sends orders for this many seconds and prints figures every second. */
  | { kind: 'watch'; seconds: number; load?: 'overload' }
  /** Places one order and prints its answer and its trace. */
  | { kind: 'order'; token: string }
  /** Waits until that order is settled. */
  | { kind: 'settled' }
  | { kind: 'look'; dashboard: string; panel: string }
);

export const stories: readonly Story[] = [
  {
    name: 'slow-gateway',
    title: 'A slow gateway',
    steps: [
      {
        kind: 'read',
        text: 'A customer waits mostly for the payment gateway. First, normal operation.',
      },
      { kind: 'watch', seconds: 5, text: 'Ten orders a second. Most are paid, some cards are declined.' },
      { kind: 'faults', settings: { latencyMs: 600 }, text: 'Now every charge takes 600 ms.' },
      {
        kind: 'watch',
        seconds: 8,
        text: 'Nothing fails. The p99 follows the latency of the gateway and misses the objective of 300 ms.',
      },
      {
        kind: 'order',
        token: 'tok_visa',
        text: 'One order shows where the time goes: one long span, the attempt at the gateway.',
      },
      {
        kind: 'look',
        dashboard: 'orders-service',
        panel: 'Placing an order, p99',
        text: 'The latency budget burns; ErrorBudgetBurnsFast pages after a few minutes.',
      },
      {
        kind: 'faults',
        settings: { timeoutRate: 0.3 },
        text: 'Now three charges in ten are never answered. An attempt times out after 1 s and is retried with the same idempotency key.',
      },
      {
        kind: 'watch',
        seconds: 10,
        text: 'Some orders take a second longer. Nearly all of them are still paid.',
      },
      {
        kind: 'look',
        dashboard: 'orders-dependencies',
        panel: 'Attempts per charge',
        text: 'Retries have a budget of a fifth of the charges, so that they cannot amplify an outage.',
      },
    ],
  },
  {
    name: 'dead-gateway',
    title: 'A dead gateway, and the circuit breaker',
    steps: [
      { kind: 'faults', settings: { errorRate: 1 }, text: 'Every charge fails with a 500.' },
      {
        kind: 'watch',
        seconds: 10,
        text: 'Watch the breaker: after twenty failures it opens. From then on orders are answered 202 within a few milliseconds, because the service no longer calls the gateway.',
      },
      {
        kind: 'order',
        token: 'tok_visa',
        text: 'One order: stored, not charged, with an event orders.payment.circuit_open in place of the attempt.',
      },
      {
        kind: 'look',
        dashboard: 'orders-dependencies',
        panel: 'Breakers',
        text: 'CircuitBreakerOpen pages after 2 minutes, PendingOrdersOld after 5.',
      },
      { kind: 'faults', settings: {}, text: 'The gateway is back.' },
      {
        kind: 'watch',
        seconds: 10,
        text: 'After 5 s the half-open breaker lets one probe through. It succeeds, the breaker closes, and orders are paid at once again.',
      },
      { kind: 'settled', text: 'The settlement worker has charged the pending order in the meantime.' },
    ],
  },
  {
    name: 'lost-answer',
    title: 'A lost answer, and its settlement',
    steps: [
      {
        kind: 'read',
        text: 'The worst case: the card is charged, but the answer never arrives. Another charge could take the money twice; giving up could take it for nothing.',
      },
      {
        kind: 'faults',
        settings: { slowSuccessRate: 1, slowSuccessDelayMs: 5000 },
        text: 'Every charge is made at once and answered 5 s later, after the caller has given up.',
      },
      {
        kind: 'order',
        token: 'tok_visa',
        text: 'Three attempts with one key, none answered in time: 202. The service says "pending", because it does not know the outcome.',
      },
      {
        kind: 'read',
        text: 'The gateway does: it has charged the card once, however many attempts arrived.',
      },
      { kind: 'faults', settings: {}, text: 'Answers arrive again.' },
      {
        kind: 'settled',
        text: 'The settlement worker repeats the charge with the same key and gets the outcome of the first one.',
      },
      {
        kind: 'look',
        dashboard: 'orders-business',
        panel: 'From placed to settled',
        text: 'Settlement has its own trace, orders.settle, with a link to the trace of the order.',
      },
    ],
  },
  {
    name: 'overload',
    title: 'Overload',
    steps: [
      { kind: 'watch', seconds: 4, text: 'Normal operation.' },
      {
        kind: 'watch',
        seconds: 10,
        load: 'overload',
        text: 'The gateway has become slow, and many times the usual orders arrive. The service sheds the excess with 429 at once, so that admitted orders are answered in time.',
      },
      {
        kind: 'look',
        dashboard: 'orders-saturation',
        panel: 'Admission',
        text: 'The concurrency limit adapts to the service and its dependencies. RequestsShed opens a ticket after 5 minutes.',
      },
      { kind: 'watch', seconds: 6, text: 'The surge is over. The service recovers without a restart.' },
    ],
  },
];
