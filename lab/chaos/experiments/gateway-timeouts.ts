import { type Experiment, usualTraffic } from '../experiment.ts';

export const gatewayTimeouts: Experiment = {
  name: 'gateway-timeouts',
  title: 'The gateway times out for one request in ten',
  story: 'One charge in ten is never answered, so the service cannot know whether the card was charged.',
  steady: usualTraffic,
  faults: [{ kind: 'gateway', settings: { timeoutRate: 0.1 } }],
  hypothesis: {
    claim:
      'Customers get an order or 202 within 3.3 s. At least 99.9 % of the orders with a good card end as paid within 30 s, and none is charged twice.',
    answers: { allowed: ['201', '202', '402'], shares: { 201: 0.4 }, p99: 3300 },
    orders: { paid: 0.999, settledWithin: 30 },
    metrics: [
      { name: 'circuit_breaker_calls_total', labels: { breaker: 'payment', outcome: 'timeout' }, atLeast: 1 },
      { name: 'retries_total', labels: { dependency: 'payment', result: 'recovered' }, atLeast: 1 },
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'payment', to: 'open' }, atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'payment.retry', fields: { reason: 'timeout' } }],
    trace: { root: 'POST /orders', spans: { 'POST /charges': 2 }, events: ['orders.payment.retry'] },
    detection: [
      { alert: 'ErrorBudgetBurnsSlowly', labels: { slo: 'placement-latency' }, withinMinutes: 10 },
      { alert: 'ErrorBudgetWillNotLast', labels: { slo: 'placement-latency' }, withinMinutes: 10 },
    ],
    recoveredWithin: 10,
  },
  look: {
    dashboard: 'orders-dependencies',
    panel: 'Attempts per charge',
    traces: 'orders.payment.attempts=2',
  },
};
