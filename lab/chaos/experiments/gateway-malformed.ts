import { type Experiment, usualTraffic } from '../experiment.ts';

export const gatewayMalformed: Experiment = {
  name: 'gateway-malformed',
  title: 'The gateway sends malformed answers',
  story: 'Three charges in ten are made, but answered with broken JSON or an unexpected schema.',
  steady: usualTraffic,
  faults: [{ kind: 'gateway', settings: { malformedRate: 0.3 } }],
  hypothesis: {
    claim:
      'A malformed answer counts as no answer, and the charge is retried with the same idempotency key. 99.9 % end as paid, and no card is charged twice.',
    answers: { allowed: ['201', '202', '402'], shares: { 201: 0.4 }, p99: 3300 },
    orders: { paid: 0.999, settledWithin: 30 },
    metrics: [
      { name: 'retries_total', labels: { dependency: 'payment', result: 'recovered' }, atLeast: 1 },
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'payment', to: 'open' }, atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'payment.retry', fields: { reason: 'malformed_answer' } }],
    trace: {
      root: 'POST /orders',
      spans: { 'POST /charges': 2 },
      events: ['orders.payment.retry'],
      attributes: { 'orders.order.status': 'paid' },
    },
    detection: {
      undetected: 'Customers notice nothing, and the retry budget bounds the extra load.',
    },
    recoveredWithin: 10,
  },
  look: { dashboard: 'orders-dependencies', panel: 'Failures', traces: 'orders.payment.attempts=2' },
};
