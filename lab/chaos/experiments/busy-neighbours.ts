import { type Experiment, usualTraffic } from '../experiment.ts';

export const busyNeighbours: Experiment = {
  name: 'busy-neighbours',
  title: 'Other processes take the machine',
  story:
    'One per processor, which never waits: the service, Postgres and all else get what is left beside them.',
  steady: usualTraffic,
  faults: [{ kind: 'busy_neighbours' }],
  hypothesis: {
    claim:
      'Orders are paid as ever, all but the slowest hundredth within 1.5 s: who needs little of a processor gets it soon. Within 22 min somebody is told.',
    answers: { allowed: ['201', '402'], shares: { 201: 0.4 }, p99: 1500 },
    orders: { paid: 0.999, settledWithin: 15 },
    metrics: [
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'payment', to: 'open' }, atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [],
    detection: [{ alert: 'HostCpuSaturated', withinMinutes: 22 }],
    recoveredWithin: 10,
  },
  look: { dashboard: 'orders-saturation', panel: 'Processor', traces: 'service.name=orders' },
};
