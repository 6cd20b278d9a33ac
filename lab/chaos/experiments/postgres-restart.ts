import { type Experiment, usualTraffic } from '../experiment.ts';

export const postgresRestart: Experiment = {
  name: 'postgres-restart',
  title: 'Postgres is killed and restarted',
  story:
    'The whole server gets kill -9, starts again after two seconds and recovers from its write-ahead log.',
  steady: usualTraffic,
  faults: [{ kind: 'crash', what: 'postgres', awayFor: 2 }],
  hypothesis: {
    claim:
      'Statements are retried for 3 s. After that the answer is 503, and it is safe to repeat the order. No acknowledged commit is lost.',
    answers: {
      allowed: [
        '201',
        '202',
        '402',
        '503 database_unavailable',
        '409 idempotency_in_progress',
        '429 overloaded',
      ],
      shares: { 201: 0.3 },
    },
    orders: { paid: 0.999, settledWithin: 40 },
    metrics: [
      { name: 'retries_total', labels: { dependency: 'postgres' }, atLeast: 1 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'postgres.retry' }],
    trace: { root: 'POST /orders', spans: { 'INSERT orders': 1 }, events: ['orders.postgres.retry'] },
    detection: [{ alert: 'ErrorBudgetBurnsFast', labels: { slo: 'placement-latency' }, withinMinutes: 10 }],
    recoveredWithin: 20,
  },
  look: { dashboard: 'orders-dependencies', panel: 'Statements, p99', traces: 'error.type=ECONNREFUSED' },
};
