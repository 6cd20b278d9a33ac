import { type Experiment, usualTraffic } from '../experiment.ts';

export const backlog: Experiment = {
  name: 'backlog',
  title: 'Nine thousand orders are already pending',
  story: 'The state after a long outage. At 10,000 the service refuses new orders.',
  steady: usualTraffic,
  faults: [{ kind: 'backlog', orders: 9000 }],
  hypothesis: {
    claim:
      'New orders are accepted and paid as usual, while two alerts warn that the backlog is nearly full.',
    answers: { allowed: ['201', '402'], shares: { 201: 0.4 }, p99: 1500 },
    orders: { paid: 0.999, settledWithin: 15 },
    metrics: [{ name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 }],
    logs: [],
    detection: [
      { alert: 'BacklogNearlyFull', withinMinutes: 5 },
      { alert: 'BacklogGrows', withinMinutes: 10 },
    ],
    recoveredWithin: 10,
  },
  look: { dashboard: 'orders-business', panel: 'Pending orders', traces: 'orders.order.status=pending' },
};
