import { type Experiment, usualTraffic } from '../experiment.ts';

export const sigtermUnderLoad: Experiment = {
  name: 'sigterm-under-load',
  title: 'A replica is terminated under load',
  story: 'One of two replicas gets SIGTERM, as in every deployment, and drains for 2 s.',
  surroundings: { replicas: 2, env: { SHUTDOWN_DRAIN_DELAY: '2s' } },
  steady: usualTraffic,
  faults: [{ kind: 'stop', what: 'service', replica: 0, signal: 'SIGTERM' }],
  hypothesis: {
    claim: 'No request is lost, none is refused, and the process shuts down gracefully.',
    answers: { allowed: ['201', '202', '402'], shares: { 201: 0.4 }, p99: 1500 },
    orders: { paid: 0.999, settledWithin: 20 },
    metrics: [{ name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 }],
    logs: [{ event: 'service.stopping', fields: { reason: 'SIGTERM' } }, { event: 'service.stopped' }],
    detection: [{ alert: 'TargetDown', withinMinutes: 6 }],
    recoveredWithin: 10,
  },
  look: { dashboard: 'orders-service', panel: 'Rate by route', traces: 'service.name=orders' },
};
