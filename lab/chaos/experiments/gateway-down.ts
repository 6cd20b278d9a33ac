import { type Experiment, usualTraffic } from '../experiment.ts';

export const gatewayDown: Experiment = {
  name: 'gateway-down',
  title: 'The gateway is down',
  story: 'It refuses every connection.',
  steady: usualTraffic,
  faults: [{ kind: 'cut', to: 'gateway' }],
  hypothesis: {
    claim:
      'The breaker opens, and orders are accepted and answered 202 at once. All are charged within 45 s of the return of the gateway, none twice.',
    answers: { allowed: ['201', '202', '402'], shares: { 202: 0.8 }, p99: 3300 },
    orders: { paid: 0.999, settledWithin: 45 },
    metrics: [
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'payment', to: 'open' }, atLeast: 1 },
      {
        name: 'circuit_breaker_calls_total',
        labels: { breaker: 'payment', outcome: 'rejected' },
        atLeast: 10,
      },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'circuit_breaker.changed', fields: { to: 'open' } }, { event: 'order.left_pending' }],
    trace: {
      root: 'POST /orders',
      spans: { 'payment.charge': 1 },
      events: ['orders.payment.circuit_open'],
      attributes: { 'orders.order.status': 'pending' },
    },
    detection: [
      { alert: 'CircuitBreakerOpen', withinMinutes: 5 },
      { alert: 'PendingOrdersOld', withinMinutes: 10 },
    ],
    recoveredWithin: 20,
  },
  look: {
    dashboard: 'orders-dependencies',
    panel: 'Attempts by what the breaker saw',
    traces: 'orders.circuit_breaker.state=open',
  },
};
