import { type Experiment, usualTraffic } from '../experiment.ts';

export const heapSnapshots: Experiment = {
  name: 'heap-snapshots',
  title: 'A script takes one heap snapshot after another',
  story: 'It looks for a leak, sends SIGUSR2 every 3 s and does not stop.',
  steady: usualTraffic,
  faults: [{ kind: 'heap_snapshots', every: 3 }],
  hypothesis: {
    claim:
      'The service stalls while it writes a snapshot. Orders wait for at most 4 s, and nothing is lost or charged twice.',
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
