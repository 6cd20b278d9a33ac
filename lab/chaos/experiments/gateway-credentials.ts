import { type Experiment, usualTraffic } from '../experiment.ts';

export const gatewayCredentials: Experiment = {
  name: 'gateway-credentials',
  title: 'The gateway refuses our credentials',
  story: 'Somebody has rotated the key: every charge is answered 401, and nobody is charged.',
  steady: usualTraffic,
  faults: [{ kind: 'gateway', settings: { unauthorizedRate: 1 } }],
  hypothesis: {
    claim:
      'Orders are taken and answered 202 at once. Each refusal is an error line, which calls a person within 2 min, for only a person can mend it; no request is repeated, and the breaker opens, so that the lines do not go on. All orders are charged within 45 s of the return of the key, and none twice.',
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
      attributes: { 'error.type': 'rejected', 'order.status': 'pending' },
    },
    detection: [
      { alert: 'ErrorsLogged', withinMinutes: 2 },
      { alert: 'CircuitBreakerOpen', withinMinutes: 5 },
    ],
    recoveredWithin: 20,
  },
  look: { dashboard: 'orders-dependencies', panel: 'Failures', traces: 'error.type=rejected' },
};
