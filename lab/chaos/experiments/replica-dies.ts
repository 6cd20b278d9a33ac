import { type Experiment, usualTraffic } from '../experiment.ts';

export const replicaDies: Experiment = {
  name: 'replica-dies',
  title: 'One of two replicas dies',
  story: 'kill -9. The other one goes on.',
  surroundings: { replicas: 2 },
  steady: usualTraffic,
  faults: [{ kind: 'stop', what: 'service', replica: 0, signal: 'SIGKILL' }],
  hypothesis: {
    claim:
      'What was in flight there is lost to its customers, who ask the other one. The orders that it held are settled there within 30 s.',
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
