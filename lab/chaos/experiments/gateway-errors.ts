import { type Experiment, usualTraffic } from '../experiment.ts';

export const gatewayErrors: Experiment = {
  name: 'gateway-errors',
  title: 'The gateway fails for three requests in ten',
  story: 'It answers 500 and has charged nothing.',
  steady: usualTraffic,
  faults: [{ kind: 'gateway', settings: { errorRate: 0.3 } }],
  hypothesis: {
    claim:
      'Retries hide the failures within their budget; other orders get 202. 99.9 % end as paid within 30 s, and the breaker stays closed.',
    answers: { allowed: ['201', '202', '402'], shares: { 201: 0.4 }, p99: 3300 },
    orders: { paid: 0.999, settledWithin: 30 },
    metrics: [
      { name: 'retries_total', labels: { dependency: 'payment', result: 'recovered' }, atLeast: 1 },
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'payment', to: 'open' }, atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'payment.retry', fields: { reason: 'gateway_error' } }],
    trace: {
      root: 'POST /orders',
      spans: { 'POST /charges': 2 },
      events: ['orders.payment.retry'],
      attributes: { 'orders.order.status': 'paid' },
    },
    detection: {
      undetected:
        'Customers notice nothing, and the retry budget bounds the extra load. If more than half of the attempts failed, the breaker would open and an alert would fire.',
    },
    recoveredWithin: 10,
  },
  look: {
    dashboard: 'orders-dependencies',
    panel: 'Attempts per charge',
    traces: 'orders.payment.attempts=2',
  },
};
