import { type Experiment, usualTraffic } from '../experiment.ts';

export const collectorBackendsDown: Experiment = {
  name: 'collector-backends-down',
  title: 'Jaeger and Loki are down behind a working Collector',
  story: 'Both refuse connections. The Collector retries each batch for 10 s, in production for 5 min.',
  surroundings: { collector: true, env: { OTEL_LOGS_EXPORTER: 'otlp' } },
  steady: usualTraffic,
  faults: [
    { kind: 'cut', to: 'jaeger' },
    { kind: 'cut', to: 'loki' },
  ],
  hypothesis: {
    claim:
      'The Collector accepts everything from the service and drops what it cannot deliver in time. The service drops nothing and does not notice. Once the backends are back, traces arrive again within 150 s, after the next connection attempt of gRPC.',
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
    // gRPC backs off for about as long as connections have failed, at most 120 s with 20 % of jitter.
    recoveredWithin: 150,
  },
  look: {
    dashboard: 'orders-telemetry',
    panel: 'Not taken, not sent',
    traces: 'none from that time, because they were dropped',
  },
};
