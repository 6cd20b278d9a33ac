import { type Experiment, usualTraffic } from '../experiment.ts';

export const busyNeighbours: Experiment = {
  name: 'busy-neighbours',
  title: 'Other processes occupy the machine',
  story: 'One busy process per processor competes with the service, Postgres and everything else.',
  steady: usualTraffic,
  faults: [{ kind: 'busy_neighbours' }],
  hypothesis: {
    claim:
      'Orders are paid as usual, 99 % of them within 1.5 s, because the scheduler soon runs a process that needs little time. An alert fires within 22 min.',
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
