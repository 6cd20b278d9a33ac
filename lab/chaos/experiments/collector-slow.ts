import { type Experiment, usualTraffic } from '../experiment.ts';

export const collectorSlow: Experiment = {
  name: 'collector-slow',
  title: 'The Collector is slow',
  story: 'Every answer is delayed by 1.5 s.',
  steady: usualTraffic,
  faults: [{ kind: 'network', to: 'collector', toxics: [{ type: 'latency', latency: 1500, jitter: 200 }] }],
  hypothesis: {
    claim: 'Spans wait in their queue, and none is dropped. No request waits for them.',
    answers: { allowed: ['201', '402'], shares: { 201: 0.4 }, p99: 1000 },
    orders: { paid: 0.999, settledWithin: 10 },
    metrics: [
      { name: 'telemetry_dropped_total', labels: { signal: 'traces' }, atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'http.request', atLeast: 50 }],
    trace: { root: 'POST /orders', spans: { 'POST /charges': 1 } },
    detection: {
      undetected: 'Nothing is dropped. A full queue would drop spans, and an alert fires for that.',
    },
    quiet: ['TelemetryDropped'],
    recoveredWithin: 5,
  },
  look: { dashboard: 'orders-telemetry', panel: 'Queues', traces: 'service.name=orders' },
};
