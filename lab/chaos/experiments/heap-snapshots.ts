import { type Experiment, usualTraffic } from '../experiment.ts';

export const heapSnapshots: Experiment = {
  name: 'heap-snapshots',
  title: 'Somebody takes one heap snapshot after the other',
  story: 'A script that looks for a leak sends SIGUSR2 every 3 s, and forgets to stop.',
  steady: usualTraffic,
  faults: [{ kind: 'heap_snapshots', every: 3 }],
  hypothesis: {
    claim:
      'The service stands still while a snapshot is written: orders wait, for 4 s at most, and nothing is lost or paid twice.',
    answers: { allowed: ['201', '202', '402', '429 overloaded'], shares: { 201: 0.4 }, p99: 4000 },
    orders: { paid: 0.999, settledWithin: 20 },
    metrics: [
      { name: 'process_disk_written_bytes_total', atLeast: 100e6 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [],
    detection: [{ alert: 'DiskWritesUnexpected', withinMinutes: 12 }],
    recoveredWithin: 15,
  },
  look: { dashboard: 'orders-saturation', panel: 'Disk', traces: 'service.name=orders' },
};
