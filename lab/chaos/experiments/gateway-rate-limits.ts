import { type Experiment, usualTraffic } from '../experiment.ts';

export const gatewayRateLimits: Experiment = {
  name: 'gateway-rate-limits',
  title: 'The gateway rate-limits us',
  story: 'Six charges in ten are answered 429 with a Retry-After of 2 s.',
  steady: usualTraffic,
  faults: [{ kind: 'gateway', settings: { rateLimitRate: 0.6, retryAfterSeconds: 2 } }],
  hypothesis: {
    claim:
      'A single 429 pauses all charges for the time that the gateway asks for. Orders are answered 202 meanwhile, and the breaker stays closed. 99.9 % end as paid within 60 s.',
    answers: { allowed: ['201', '202', '402'], shares: { 202: 0.2 }, p99: 3300 },
    orders: { paid: 0.999, settledWithin: 60 },
    metrics: [
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'payment', to: 'open' }, atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [
      { event: 'payment.paused', fields: { learned: 'here', pause_ms: 2000 } },
      { event: 'order.left_pending', fields: { reason: 'paused' }, atLeast: 10 },
    ],
    trace: {
      root: 'POST /orders',
      spans: { 'payment.charge': 1 },
      events: ['orders.payment.gateway_paused'],
      attributes: { 'error.type': 'paused', 'orders.order.status': 'pending' },
    },
    detection: {
      undetected:
        'Customers are answered at once, and their orders are settled within seconds. `payment_pause_seconds` shows it; `PendingOrdersOld` fires when a pause outlasts the objective.',
    },
    quiet: ['CircuitBreakerOpen'],
    recoveredWithin: 25,
  },
  look: { dashboard: 'orders-business', panel: 'Pending orders', traces: 'error.type=paused' },
};
