import { type Experiment, usualTraffic } from '../experiment.ts';

export const memoryLeak: Experiment = {
  name: 'memory-leak',
  title: 'A cache without a bound fills the heap',
  story: 'Some megabytes a second are kept, until the heap is nearly as large as V8 allows.',
  surroundings: {
    evidence: true,
    // Small, so that it is full within seconds.
    env: { NODE_OPTIONS: '--max-old-space-size=192 --max-semi-space-size=8' },
  },
  steady: usualTraffic,
  faults: [{ kind: 'memory_leak', share: 0.7 }],
  // After the alert the evidence is taken while the fault lasts.
  seconds: 30,
  hypothesis: {
    claim:
      'Customers notice nothing: orders are paid while the collector runs more often. The alert comes before the heap is full, and goes through Alertmanager to the evidence receiver, which takes one heap profile of the replica. It names the function that allocates. The log level rises for five minutes, and the pager gets the links.',
    answers: { allowed: ['201', '402', '429 overloaded'], p99: 2000 },
    orders: { paid: 0.999, settledWithin: 15 },
    metrics: [{ name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 }],
    logs: [],
    detection: [{ alert: 'HeapNearlyFull', withinMinutes: 16 }],
    captured: [{ alert: 'HeapNearlyFull', kind: 'heap', hottest: 'cacheForever' }],
    recoveredWithin: 10,
  },
  look: { dashboard: 'orders-saturation', panel: 'Memory', traces: 'service.name=orders' },
};
