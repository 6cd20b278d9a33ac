import { type Experiment, usualTraffic } from '../experiment.ts';

export const postgresSlow: Experiment = {
  name: 'postgres-slow',
  title: 'Postgres is slow',
  story: 'Every answer is delayed by 30 ms, and every 4 s another session locks the table for 1.2 s.',
  steady: usualTraffic,
  faults: [
    { kind: 'network', to: 'postgres', toxics: [{ type: 'latency', latency: 30, jitter: 10 }] },
    { kind: 'lock_orders', hold: 1.2, every: 4 },
  ],
  seconds: 16,
  hypothesis: {
    claim: 'Orders wait for the lock instead of failing: 99 % take at most 4 s, and few are refused.',
    answers: {
      allowed: [
        '201',
        '202',
        '402',
        '429 overloaded',
        '503 database_unavailable',
        '409 idempotency_in_progress',
      ],
      shares: { 201: 0.3 },
      p99: 4000,
    },
    orders: { paid: 0.999, settledWithin: 40 },
    metrics: [{ name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 }],
    logs: [],
    trace: { root: 'POST /orders', spans: { 'INSERT orders': 1, 'UPDATE orders': 1 } },
    detection: [{ alert: 'ErrorBudgetBurnsFast', labels: { slo: 'placement-latency' }, withinMinutes: 8 }],
    recoveredWithin: 15,
  },
  look: { dashboard: 'orders-dependencies', panel: 'Statements, p99', traces: 'db.system.name=postgresql' },
};
