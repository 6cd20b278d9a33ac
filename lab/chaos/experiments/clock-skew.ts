import { type Experiment, usualTraffic } from '../experiment.ts';

export const clockSkew: Experiment = {
  name: 'clock-skew',
  title: 'The clock of one replica is an hour ahead',
  story: 'Two replicas share a database. The gateway is away for a few seconds, and orders are left pending.',
  // The breaker probes again soon, so that pending orders stay far below the age that pages.
  surroundings: { replicas: 2, env: { BREAKER_OPEN_FOR: '1s' } },
  steady: usualTraffic,
  faults: [
    { kind: 'clock', replica: 1, seconds: 3600 },
    { kind: 'cut', to: 'gateway' },
  ],
  seconds: 5,
  hypothesis: {
    claim:
      "Leases, due times and ages use only the database's clock: no order is settled twice, none waits for an hour, and no alert fires for a wrong age.",
    answers: { allowed: ['201', '202', '402'], shares: { 202: 0.5 }, p99: 3300 },
    orders: { paid: 0.999, settledWithin: 30 },
    metrics: [{ name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 }],
    logs: [{ event: 'order.left_pending' }],
    trace: {
      root: 'POST /orders',
      spans: { 'payment.charge': 1 },
      attributes: { 'orders.order.status': 'pending' },
    },
    detection: {
      undetected:
        'Nothing depends on the clock of a replica. Its log lines and spans are an hour ahead, which readers will notice.',
    },
    quiet: ['PendingOrdersOld'],
    recoveredWithin: 15,
  },
  look: {
    dashboard: 'orders-business',
    panel: 'Waiting for a decision',
    traces: 'orders.order.status=pending',
  },
};
