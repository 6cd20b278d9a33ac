import { type Experiment, usualTraffic } from '../experiment.ts';

export const gatewayLate: Experiment = {
  name: 'gateway-late',
  title: 'The gateway charges, but answers after the timeout',
  story: 'Three charges in ten are made at once and answered 5 s later; an attempt times out after 1 s.',
  steady: usualTraffic,
  faults: [{ kind: 'gateway', settings: { slowSuccessRate: 0.3, slowSuccessDelayMs: 5000 } }],
  hypothesis: {
    claim:
      'The retry has the same idempotency key and gets the first outcome: 99.9 % end as paid, and no card is charged twice.',
    answers: { allowed: ['201', '202', '402'], shares: { 201: 0.4 }, p99: 3300 },
    orders: { paid: 0.999, settledWithin: 30 },
    metrics: [
      { name: 'circuit_breaker_calls_total', labels: { breaker: 'payment', outcome: 'timeout' }, atLeast: 3 },
      { name: 'retries_total', labels: { dependency: 'payment', result: 'recovered' }, atLeast: 1 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'payment.retry', fields: { reason: 'timeout' } }],
    trace: {
      root: 'POST /orders',
      spans: { 'POST /charges': 2 },
      events: ['orders.payment.retry'],
      attributes: { 'orders.order.status': 'paid' },
    },
    detection: [{ alert: 'ErrorBudgetBurnsFast', labels: { slo: 'placement-latency' }, withinMinutes: 5 }],
    recoveredWithin: 15,
  },
  look: {
    dashboard: 'orders-dependencies',
    panel: 'Attempts by what the breaker saw',
    traces: 'orders.payment.attempts=2',
  },
};
