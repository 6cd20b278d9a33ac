import type { FaultSettings } from '../../simulator/faults.ts';

/** What a newcomer should have seen once, told in steps. docs/tours.md tells the same in prose. */
export interface Story {
  name: string;
  title: string;
  steps: readonly Step[];
}

export type Step = { text: string } & (
  | { kind: 'read' }
  /** Sets faults of the gateway; none takes them away. */
  | { kind: 'faults'; settings: Partial<FaultSettings> }
  /** Orders come, so many seconds long, and the figures are shown. */
  | { kind: 'watch'; seconds: number; load?: 'overload' }
  /** One order, what it was answered, and its trace. */
  | { kind: 'order'; token: string }
  /** Until that order is settled. */
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
        text: 'A customer waits for the payment gateway, and for little else. First, a day like any other.',
      },
      { kind: 'watch', seconds: 5, text: 'Ten orders a second. Most are paid, some cards are declined.' },
      { kind: 'faults', settings: { latencyMs: 600 }, text: 'Now every charge takes 600 ms.' },
      {
        kind: 'watch',
        seconds: 8,
        text: 'Nothing fails. The p99 is the time of the gateway, and the objective of 300 ms is missed.',
      },
      {
        kind: 'order',
        token: 'tok_visa',
        text: 'One order, to see where its time goes: one long bar, the attempt at the gateway.',
      },
      {
        kind: 'look',
        dashboard: 'orders-service',
        panel: 'Placing an order, p99',
        text: 'The error budget for latency burns; ErrorBudgetBurnsFast pages after a few minutes.',
      },
      {
        kind: 'faults',
        settings: { timeoutRate: 0.3 },
        text: 'Now three charges in ten are never answered. An attempt waits for 1 s, then there is another one with the same key.',
      },
      {
        kind: 'watch',
        seconds: 10,
        text: 'Some orders take a second longer. Nearly all are paid all the same.',
      },
      {
        kind: 'look',
        dashboard: 'orders-dependencies',
        panel: 'Attempts per charge',
        text: 'Retries are counted, and have a budget: a fifth of the charges, so that they cannot multiply an outage.',
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
        text: 'Watch the last column: after twenty failures the breaker opens. From then on orders are answered 202 in a few milliseconds, because nobody asks the gateway any more.',
      },
      {
        kind: 'order',
        token: 'tok_visa',
        text: 'One order: stored, not charged, and an event circuit_open where the attempt would be.',
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
        text: 'After 5 s one probe is let through. It succeeds, the breaker closes, and orders are paid at once again.',
      },
      { kind: 'settled', text: 'And the order from before? The settlement worker has charged it meanwhile.' },
    ],
  },
  {
    name: 'lost-answer',
    title: 'A lost answer, and its settlement',
    steps: [
      {
        kind: 'read',
        text: 'The worst case: the card is charged, and the answer never arrives. Charging again could charge twice; giving up could ship nothing for money taken.',
      },
      {
        kind: 'faults',
        settings: { slowSuccessRate: 1, slowSuccessDelayMs: 5000 },
        text: 'Every charge is made at once and answered 5 s later, when nobody waits any more.',
      },
      {
        kind: 'order',
        token: 'tok_visa',
        text: 'Three attempts under one key, none of them answered in time: 202. The service says "pending", because it does not know.',
      },
      {
        kind: 'read',
        text: 'The gateway does: it has charged the card once, whatever the number of attempts.',
      },
      { kind: 'faults', settings: {}, text: 'Answers arrive again.' },
      {
        kind: 'settled',
        text: 'The settlement worker asks with the same key and learns what happened the first time.',
      },
      {
        kind: 'look',
        dashboard: 'orders-business',
        panel: 'From placed to settled',
        text: 'Its trace is one of its own, orders.settle, with a link back to the order’s.',
      },
    ],
  },
  {
    name: 'overload',
    title: 'More orders than can be served',
    steps: [
      { kind: 'watch', seconds: 4, text: 'A day like any other.' },
      {
        kind: 'watch',
        seconds: 10,
        load: 'overload',
        text: 'The gateway has become slow, and many times the usual orders come. What is too much is refused with 429 at once, so that what is taken is answered in time.',
      },
      {
        kind: 'look',
        dashboard: 'orders-saturation',
        panel: 'Admission',
        text: 'The limit adapts to what is behind the service. RequestsShed opens a ticket after 5 minutes.',
      },
      { kind: 'watch', seconds: 6, text: 'The crowd is gone. Nobody had to restart anything.' },
    ],
  },
];
