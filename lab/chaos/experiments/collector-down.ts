import { type Experiment, usualTraffic } from '../experiment.ts';

export const collectorDown: Experiment = {
  name: 'collector-down',
  title: 'The Collector is down',
  story: 'It refuses every connection, and the span queue is short.',
  surroundings: {
    env: {
      OTEL_BSP_MAX_QUEUE_SIZE: '64',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '32',
      OTEL_BSP_EXPORT_TIMEOUT: '500',
    },
  },
  steady: usualTraffic,
  faults: [{ kind: 'cut', to: 'collector' }],
  hypothesis: {
    claim: 'Spans are dropped and counted. No request waits for them.',
    answers: { allowed: ['201', '402'], shares: { 201: 0.4 }, p99: 1000 },
    orders: { paid: 0.999, settledWithin: 10 },
    metrics: [
      { name: 'telemetry_dropped_total', labels: { signal: 'traces' }, atLeast: 1 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'http.request', atLeast: 50 }],
    detection: [{ alert: 'TelemetryDropped', labels: { signal: 'traces' }, withinMinutes: 18 }],
    recoveredWithin: 5,
  },
  look: {
    dashboard: 'orders-telemetry',
    panel: 'Lost, by reason',
    traces: 'none, because they were dropped',
  },
};
