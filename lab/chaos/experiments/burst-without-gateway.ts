import { type Experiment, usualTraffic } from '../experiment.ts';

export const burstWithoutGateway: Experiment = {
  name: 'burst-without-gateway',
  title: 'A burst of orders while the gateway is down',
  story: 'Eight times the usual orders arrive, and none of them can be charged.',
  steady: usualTraffic,
  faults: [
    { kind: 'cut', to: 'gateway' },
    { kind: 'surge', times: 8 },
  ],
  hypothesis: {
    claim:
      'Orders are accepted and answered 202 within 2 s. All are charged within 60 s of the return of the gateway, none twice.',
    answers: { allowed: ['201', '202', '402', '429 overloaded'], shares: { 202: 0.7 }, p99: 2000 },
    orders: { paid: 0.999, settledWithin: 60 },
    metrics: [
      {
        name: 'circuit_breaker_calls_total',
        labels: { breaker: 'payment', outcome: 'rejected' },
        atLeast: 100,
      },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'circuit_breaker.changed', fields: { to: 'open' } }],
    trace: {
      root: 'POST /orders',
      spans: { 'payment.charge': 1 },
      attributes: { 'orders.order.status': 'pending' },
    },
    detection: [
      { alert: 'CircuitBreakerOpen', withinMinutes: 5 },
      { alert: 'PendingOrdersOld', withinMinutes: 10 },
    ],
    recoveredWithin: 20,
  },
  look: {
    dashboard: 'orders-business',
    panel: 'Pending orders',
    traces: 'orders.circuit_breaker.state=open',
  },
};
