import { type Experiment, usualTraffic } from '../experiment.ts';

export const overload: Experiment = {
  name: 'overload',
  title: 'Ten times the load that the service can handle',
  story: 'Four connections to a gateway that takes 200 ms can serve 20 orders a second, but 200 arrive.',
  surroundings: { rate: 12, env: { PAYMENT_CONNECTIONS: '4' } },
  steady: usualTraffic,
  faults: [
    { kind: 'gateway', settings: { latencyMs: 200 } },
    { kind: 'surge', times: 17 },
  ],
  hypothesis: {
    claim:
      'The excess is shed with 429 at once. Admitted orders are answered within 4 s, and customers who retry get their orders in the end.',
    answers: {
      allowed: ['201', '202', '402', '429 overloaded'],
      shares: { '429 overloaded': 0.3 },
      p99: 4000,
    },
    orders: { paid: 0.999, settledWithin: 45 },
    metrics: [
      { name: 'requests_shed_total', atLeast: 100 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'admission.shedding' }],
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
    traces: 'http.response.status_code=429',
  },
};
