import { type Experiment, usualTraffic } from '../experiment.ts';

export const serviceDown: Experiment = {
  name: 'service-down',
  title: 'The only replica is down',
  story: 'It gets kill -9, and nothing restarts it.',
  steady: usualTraffic,
  faults: [{ kind: 'stop', what: 'service', signal: 'SIGKILL' }],
  seconds: 10,
  hypothesis: {
    claim:
      'No customer is served. Once the service is back, customers who repeat their orders get them, and orders that were in flight are settled within 30 s.',
    answers: {
      allowed: ['201', '202', '402', 'no answer', '409 idempotency_in_progress'],
      shares: { 'no answer': 0.5 },
    },
    orders: { paid: 0.999, settledWithin: 30 },
    metrics: [{ name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 }],
    logs: [{ event: 'service.listening' }],
    detection: [
      { alert: 'ServiceDown', withinMinutes: 4 },
      { alert: 'TargetDown', withinMinutes: 5 },
    ],
    recoveredWithin: 20,
  },
  look: { dashboard: 'orders-service', panel: 'Rate by route', traces: 'service.name=orders' },
};
