import { type Experiment, usualTraffic } from '../experiment.ts';

export const postgresFailover: Experiment = {
  name: 'postgres-failover',
  title: 'The Postgres primary dies, and its standby is promoted',
  story:
    'The primary gets kill -9, and its synchronous standby is promoted after four seconds. DATABASE_URL names both servers. The old primary returns as a standby.',
  surroundings: { standby: true },
  steady: usualTraffic,
  faults: [{ kind: 'failover', awayFor: 4 }],
  hypothesis: {
    claim:
      'Statements are retried for 3 s. After that the answer is 503, and it is safe to repeat the order. Every connection goes to the promoted server. Nothing that was answered is lost, because the standby had it, too.',
    answers: {
      allowed: [
        '201',
        '202',
        '402',
        '503 database_unavailable',
        '409 idempotency_in_progress',
        '429 overloaded',
      ],
      shares: { 201: 0.1 },
    },
    orders: { paid: 0.999, settledWithin: 40 },
    metrics: [
      { name: 'retries_total', labels: { dependency: 'postgres' }, atLeast: 1 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'postgres.retry' }, { event: 'postgres.server_found' }],
    trace: { root: 'POST /orders', spans: { 'INSERT orders': 1 }, events: ['orders.postgres.retry'] },
    detection: [{ alert: 'ErrorBudgetBurnsFast', labels: { slo: 'placement-latency' }, withinMinutes: 10 }],
    recoveredWithin: 20,
  },
  look: { dashboard: 'orders-dependencies', panel: 'Statements, p99', traces: 'error.type=ECONNREFUSED' },
};
