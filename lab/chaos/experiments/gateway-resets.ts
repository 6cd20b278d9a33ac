import { type Experiment, usualTraffic } from '../experiment.ts';

export const gatewayResets: Experiment = {
  name: 'gateway-resets',
  title: 'Connections to the gateway are reset',
  story: 'Three connections in ten break, half of them after the charge.',
  steady: usualTraffic,
  faults: [{ kind: 'gateway', settings: { resetRate: 0.3 } }],
  hypothesis: {
    claim: 'Retries hide the resets within their budget. 99.9 % end as paid, and no card is charged twice.',
    answers: { allowed: ['201', '202', '402'], shares: { 201: 0.4 }, p99: 3300 },
    orders: { paid: 0.999, settledWithin: 30 },
    metrics: [
      { name: 'retries_total', labels: { dependency: 'payment', result: 'recovered' }, atLeast: 1 },
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'payment', to: 'open' }, atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'payment.retry', fields: { reason: 'connection_lost' } }],
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
