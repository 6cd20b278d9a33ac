import { type Experiment, usualTraffic } from '../experiment.ts';

export const serviceKilled: Experiment = {
  name: 'service-killed',
  title: 'The service is killed again and again',
  story: 'It gets kill -9 every 5 s and is restarted at once.',
  steady: usualTraffic,
  faults: [{ kind: 'crash', what: 'service', every: 5 }],
  seconds: 20,
  hypothesis: {
    claim:
      'Answers are lost, but orders are not: a repeated order gets the result of the first. Orders that were in flight are settled within 30 s, once their lease has expired.',
    answers: {
      allowed: ['201', '202', '402', 'no answer', '409 idempotency_in_progress'],
      shares: { 201: 0.1 },
    },
    orders: { paid: 0.999, settledWithin: 30 },
    metrics: [{ name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 }],
    logs: [
      { event: 'service.listening', atLeast: 3 },
      { event: 'service.stopping', atMost: 0 },
    ],
    detection: [{ alert: 'ServiceRestarts', withinMinutes: 12 }],
    recoveredWithin: 20,
  },
  look: { dashboard: 'orders-service', panel: 'Rate by route', traces: 'service.name=orders' },
};
