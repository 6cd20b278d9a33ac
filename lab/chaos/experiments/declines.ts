import { type Experiment, usualTraffic } from '../experiment.ts';

export const declines: Experiment = {
  name: 'declines',
  title: 'Half of the cards are declined',
  story: 'The bank declines them, which is an outcome and not a failure.',
  steady: usualTraffic,
  faults: [{ kind: 'gateway', settings: { declineRate: 0.5 } }],
  hypothesis: {
    claim:
      'Customers get 402 at once. Nothing is retried, the breaker stays closed, and the error budget is untouched.',
    answers: { allowed: ['201', '402'], shares: { 402: 0.5 }, p99: 1000 },
    orders: { settledWithin: 10 },
    metrics: [
      { name: 'orders_total', labels: { status: 'declined' }, atLeast: 20 },
      { name: 'retries_total', labels: { dependency: 'payment' }, atMost: 0 },
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'payment', to: 'open' }, atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'payment.retry', atMost: 0 }],
    trace: {
      root: 'POST /orders',
      spans: { 'POST /charges': 1 },
      attributes: { 'orders.order.status': 'declined' },
    },
    detection: {
      undetected:
        'A declined card is an answer. The business decides what rate is normal; the dashboard shows it.',
    },
    quiet: ['CircuitBreakerOpen', 'ErrorsLogged'],
    recoveredWithin: 5,
  },
  look: { dashboard: 'orders-business', panel: 'Declined', traces: 'orders.order.status=declined' },
};
