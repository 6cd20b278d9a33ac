import { type Experiment, usualTraffic } from '../experiment.ts';

export const gatewayCredentials: Experiment = {
  name: 'gateway-credentials',
  title: 'The gateway refuses our credentials',
  story: 'The key was rotated: every charge is answered 401, and no card is charged.',
  steady: usualTraffic,
  faults: [{ kind: 'gateway', settings: { unauthorizedRate: 1 } }],
  hypothesis: {
    claim:
      'Orders are accepted and answered 202 at once. Each refusal is logged as an error, which pages within 2 min because only a person can fix it. No charge is retried, and the breaker opens and ends the flood of errors. All orders are charged within 45 s of the return of the key, none twice.',
    answers: { allowed: ['201', '202', '402'], shares: { 202: 0.95 }, p99: 1000 },
    orders: { paid: 0.999, settledWithin: 45 },
    metrics: [
      { name: 'log_messages_total', labels: { level: 'error' }, atLeast: 1 },
      { name: 'retries_total', labels: { dependency: 'payment', result: 'retried' }, atMost: 0 },
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'payment', to: 'open' }, atLeast: 1 },
      {
        name: 'circuit_breaker_calls_total',
        labels: { breaker: 'payment', outcome: 'rejected' },
        atLeast: 10,
      },
    ],
    logs: [
      { event: 'payment.rejected', fields: { level: 'error' } },
      { event: 'http.defect', atMost: 0 },
      { event: 'order.left_pending', atLeast: 10 },
    ],
    trace: {
      root: 'POST /orders',
      spans: { 'POST /charges': 1 },
      attributes: { 'error.type': 'rejected', 'orders.order.status': 'pending' },
    },
    detection: [
      { alert: 'ErrorsLogged', withinMinutes: 2 },
      { alert: 'CircuitBreakerOpen', withinMinutes: 5 },
    ],
    recoveredWithin: 20,
  },
  look: { dashboard: 'orders-dependencies', panel: 'Failures', traces: 'error.type=rejected' },
};
