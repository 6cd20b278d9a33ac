import { type Experiment, usualTraffic } from '../experiment.ts';

export const collectorBackendsDown: Experiment = {
  name: 'collector-backends-down',
  title: 'Jaeger and Loki are down, the Collector is not',
  story: 'Both refuse its connections. It tries each batch again for 10 s, here instead of 5 min.',
  surroundings: { collector: true, env: { OTEL_LOGS_EXPORTER: 'otlp' } },
  steady: usualTraffic,
  faults: [
    { kind: 'cut', to: 'jaeger' },
    { kind: 'cut', to: 'loki' },
  ],
  hypothesis: {
    claim:
      'The Collector takes all that the service sends, and gives up what it cannot hand on in time. The service loses nothing and knows of nothing. Once they are back traces arrive again, as soon as gRPC tries: within 150 s.',
    answers: { allowed: ['201', '402'], shares: { 201: 0.4 }, p99: 1000 },
    orders: { paid: 0.999, settledWithin: 10 },
    metrics: [
      { name: 'telemetry_dropped_total', atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'http.request', atLeast: 50 }],
    trace: { root: 'POST /orders', spans: { 'payment.charge': 1 } },
    detection: [
      { alert: 'CollectorDropsTelemetry', labels: { exporter: 'otlp_grpc/jaeger' }, withinMinutes: 25 },
      { alert: 'CollectorDropsTelemetry', labels: { exporter: 'otlp_http/loki' }, withinMinutes: 25 },
    ],
    quiet: ['TelemetryDropped'],
    // gRPC waits for 120 s between two connections at most, give or take a fifth, and about as long as they have failed.
    recoveredWithin: 150,
  },
  look: {
    dashboard: 'orders-telemetry',
    panel: 'Not taken, not sent',
    traces: 'none of that time: they are what is lost',
  },
};
