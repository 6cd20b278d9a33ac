import { type Experiment, usualTraffic } from '../experiment.ts';

export const replicaDies: Experiment = {
  name: 'replica-dies',
  title: 'One of two replicas dies',
  story: 'It gets kill -9. The other replica keeps running.',
  surroundings: { replicas: 2 },
  steady: usualTraffic,
  faults: [{ kind: 'stop', what: 'service', replica: 0, signal: 'SIGKILL' }],
  hypothesis: {
    claim:
      'Requests in flight at the dead replica get no answer, and their customers retry at the other one. It settles the orders that the dead replica had leased within 30 s.',
    answers: {
      allowed: ['201', '202', '402', 'no answer', '409 idempotency_in_progress'],
      shares: { 201: 0.4 },
    },
    orders: { paid: 0.999, settledWithin: 30 },
    metrics: [{ name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 }],
    logs: [{ event: 'http.request', atLeast: 50 }],
    detection: [{ alert: 'TargetDown', withinMinutes: 5 }],
    recoveredWithin: 10,
  },
  look: { dashboard: 'orders-telemetry', panel: 'Targets up', traces: 'service.name=orders' },
};
