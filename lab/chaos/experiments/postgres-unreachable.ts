import { type Experiment, usualTraffic } from '../experiment.ts';

export const postgresUnreachable: Experiment = {
  name: 'postgres-unreachable',
  title: 'Postgres is unreachable for 20 s',
  story: 'The network silently drops every packet.',
  steady: usualTraffic,
  faults: [{ kind: 'network', to: 'postgres', toxics: [{ type: 'timeout' }] }],
  seconds: 20,
  hypothesis: {
    claim:
      'Orders are refused with 503 or 429 within 4 s instead of waiting, and no card is charged for them. Orders succeed again within 20 s of the return of Postgres.',
    answers: {
      allowed: [
        '201',
        '202',
        '402',
        '503 database_unavailable',
        '429 overloaded',
        '409 idempotency_in_progress',
      ],
    },
    orders: { paid: 0.999, settledWithin: 45 },
    metrics: [
      { name: 'http_requests_total', labels: { route: '/orders', status_code: '503' }, atLeast: 1 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'settlement.failed' }],
    trace: {
      root: 'POST /orders',
      spans: { 'INSERT orders': 1 },
      attributes: { 'http.response.status_code': 503 },
    },
    detection: [
      { alert: 'DatabaseUnavailable', withinMinutes: 8 },
      { alert: 'ErrorBudgetBurnsFast', labels: { slo: 'placement-availability' }, withinMinutes: 8 },
      { alert: 'ErrorBudgetBurnsSteadily', labels: { slo: 'placement-availability' }, withinMinutes: 8 },
    ],
    recoveredWithin: 20,
  },
  look: { dashboard: 'orders-service', panel: 'Errors by status', traces: 'http.response.status_code=503' },
};
