import { type Experiment, usualTraffic } from '../experiment.ts';

export const idleConnections: Experiment = {
  name: 'idle-connections',
  title: 'A client leaks hundreds of connections',
  story:
    'It never closes them. The process may open 1,024 files and sockets, far fewer than the 2,000 connections that the service accepts.',
  surroundings: { openFiles: 1024 },
  steady: usualTraffic,
  faults: [{ kind: 'idle_connections', count: 820 }],
  hypothesis: {
    claim:
      'Most of the file descriptors are in use. The rest is reserved for the pools and the admin listener, and enough: customers notice nothing.',
    answers: { allowed: ['201', '402'], shares: { 201: 0.4 }, p99: 1000 },
    orders: { paid: 0.999, settledWithin: 10 },
    metrics: [
      { name: 'http_connections_refused_total', atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [],
    detection: [{ alert: 'FileDescriptorsLow', withinMinutes: 9 }],
    recoveredWithin: 5,
  },
  look: { dashboard: 'orders-saturation', panel: 'File descriptors', traces: 'service.name=orders' },
};
