import { type Experiment, usualTraffic } from '../experiment.ts';

export const collectorSlow: Experiment = {
  name: 'collector-slow',
  title: 'The Collector is slow',
  story: 'Every answer comes 1.5 s late.',
  steady: usualTraffic,
  faults: [{ kind: 'network', to: 'collector', toxics: [{ type: 'latency', latency: 1500, jitter: 200 }] }],
  hypothesis: {
    claim: 'Spans wait in their queue. No request waits for them, and none is lost.',
    answers: { allowed: ['201', '402'], shares: { 201: 0.4 }, p99: 1000 },
    orders: { paid: 0.999, settledWithin: 10 },
    metrics: [
      { name: 'telemetry_dropped_total', labels: { signal: 'traces' }, atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'http.request', atLeast: 50 }],
    trace: { root: 'POST /orders', spans: { 'POST /charges': 1 } },
    detection: { undetected: 'Nothing is lost. Once its queue is full it is, which is an alert.' },
    quiet: ['TelemetryDropped'],
    recoveredWithin: 5,
  },
  look: { dashboard: 'orders-telemetry', panel: 'Queues', traces: 'service.name=orders' },
};
