import { type Experiment, usualTraffic } from '../experiment.ts';

export const clockSkew: Experiment = {
  name: 'clock-skew',
  title: 'The clock of one replica is an hour ahead',
  story: 'Of two on one database, while the gateway is away for a few seconds and orders are left pending.',
  // The breaker looks again soon: what is pending stays far below the age that somebody is paged for.
  surroundings: { replicas: 2, env: { BREAKER_OPEN_FOR: '1s' } },
  steady: usualTraffic,
  faults: [
    { kind: 'clock', replica: 1, seconds: 3600 },
    { kind: 'cut', to: 'gateway' },
  ],
  seconds: 5,
  hypothesis: {
    claim:
      'Leases, due times and ages go by the clock of the database alone: no order is taken twice, none waits for an hour, and nobody is paged for an age that is none.',
    answers: { allowed: ['201', '202', '402'], shares: { 202: 0.5 }, p99: 3300 },
    orders: { paid: 0.999, settledWithin: 30 },
    metrics: [{ name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 }],
    logs: [{ event: 'order.left_pending' }],
    trace: {
      root: 'POST /orders',
      spans: { 'payment.charge': 1 },
      attributes: { 'order.status': 'pending' },
    },
    detection: {
      undetected:
        'Nothing depends on it. Log lines and spans of that replica are an hour ahead, which whoever reads them notices.',
    },
    quiet: ['PendingOrdersOld'],
    recoveredWithin: 15,
  },
  look: {
    dashboard: 'orders-business',
    panel: 'Waiting for a decision',
    traces: 'order.status=pending',
  },
};
