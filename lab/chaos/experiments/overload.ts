import { type Experiment, usualTraffic } from '../experiment.ts';

export const overload: Experiment = {
  name: 'overload',
  title: 'Ten times the load that the service can handle',
  story: 'Four connections to a gateway that takes 200 ms can serve 20 orders a second, but 200 arrive.',
  surroundings: { proxy: true, rate: 12, env: { PAYMENT_CONNECTIONS: '4' } },
  steady: usualTraffic,
  faults: [
    { kind: 'gateway', settings: { latencyMs: 200 } },
    { kind: 'surge', times: 17 },
  ],
  hypothesis: {
    claim:
      'The excess is shed with 429 at once, by HAProxy where it stands in front. Admitted orders are answered within 4 s, and customers who retry get their orders in the end.',
    answers: {
      allowed: ['201', '202', '402', '429 overloaded'],
      shares: { '429 overloaded': 0.3 },
      p99: 4000,
    },
    orders: { paid: 0.999, settledWithin: 45 },
    metrics: [
      {
        name: 'requests_shed_total',
        plus: [
          { name: 'haproxy_backend_requests_denied_total', labels: { proxy: 'orders' } },
          { name: 'haproxy_backend_connection_errors_total', labels: { proxy: 'orders' } },
        ],
        atLeast: 100,
      },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    // What HAProxy refuses is not in the log.
    logs: [{ event: 'http.request', atLeast: 50 }],
    trace: { root: 'POST /orders', spans: { 'payment.charge': 1 } },
    detection: [
      { alert: 'RequestsShed', withinMinutes: 8 },
      { alert: 'AdmissionAtFloor', withinMinutes: 10 },
      { alert: 'ErrorBudgetBurnsFast', labels: { slo: 'placement-availability' }, withinMinutes: 8 },
    ],
    recoveredWithin: 20,
  },
  look: {
    dashboard: 'orders-saturation',
    panel: 'Refused, by reason',
    traces: 'service.name=orders',
  },
};
