import { type Experiment, usualTraffic } from '../experiment.ts';

export const gatewayMalformed: Experiment = {
  name: 'gateway-malformed',
  title: 'The gateway answers what nobody can read',
  story: 'Three charges in ten are made, and answered with broken JSON or another form.',
  steady: usualTraffic,
  faults: [{ kind: 'gateway', settings: { malformedRate: 0.3 } }],
  hypothesis: {
    claim:
      'An answer that cannot be read is taken for none: it is asked again with the same key. 99.9 % end as paid, and no card is charged twice.',
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
      events: ['retry'],
      attributes: { 'order.status': 'paid' },
    },
    detection: {
      undetected: 'As with errors: customers notice nothing, and the retry budget bounds what it costs.',
    },
    recoveredWithin: 10,
  },
  look: { dashboard: 'orders-dependencies', panel: 'Failures', traces: 'payment.attempts=2' },
};
