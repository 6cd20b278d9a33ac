import { type Experiment, usualTraffic } from '../experiment.ts';

export const collectorForgets: Experiment = {
  name: 'collector-forgets',
  title: 'More traces are open than the Collector can hold',
  story:
    'Another program sends 1,500 spans a second, each of a trace whose root never comes. Tail sampling waits 15 s for each, and holds 10,000.',
  surroundings: { collector: true },
  steady: usualTraffic,
  faults: [{ kind: 'open_traces', perSecond: 1500 }],
  hypothesis: {
    claim:
      'The Collector forgets the oldest traces before it has judged them. Those of the service outlive that: their root comes at once, and they are judged a second later. The service drops nothing and does not notice.',
    answers: { allowed: ['201', '402'], shares: { 201: 0.4 }, p99: 1000 },
    orders: { paid: 0.999, settledWithin: 10 },
    metrics: [
      { name: 'telemetry_dropped_total', atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'http.request', atLeast: 50 }],
    trace: { root: 'POST /orders', spans: { 'payment.charge': 1 } },
    detection: [{ alert: 'CollectorForgetsTraces', withinMinutes: 25 }],
    quiet: ['TelemetryDropped', 'CollectorDropsTelemetry'],
    recoveredWithin: 5,
  },
  look: {
    dashboard: 'orders-telemetry',
    panel: 'Not taken, not sent',
    traces: 'complete, those of the service',
  },
};
