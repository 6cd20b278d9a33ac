import { type Experiment, usualTraffic } from '../experiment.ts';

export const poolExhausted: Experiment = {
  name: 'pool-exhausted',
  title: 'The connection pool is exhausted',
  story: 'The pool has two connections, and every answer of Postgres is delayed by 200 ms.',
  surroundings: { env: { DATABASE_POOL_MAX: '2' } },
  steady: usualTraffic,
  faults: [{ kind: 'network', to: 'postgres', toxics: [{ type: 'latency', latency: 200, jitter: 0 }] }],
  hypothesis: {
    claim:
      'Demand exceeds the capacity of the pool. Requests that get no connection in time are refused with 429 or 503, admitted orders are completed, and none waits for a connection for longer than 4 s.',
    answers: {
      allowed: [
        '201',
        '202',
        '402',
        '429 overloaded',
        '503 database_unavailable',
        '504 deadline_exceeded',
        '409 idempotency_in_progress',
      ],
      p99: 9000,
    },
    orders: { paid: 0.999, settledWithin: 45 },
    metrics: [
      { name: 'http_requests_total', labels: { route: '/orders' }, atLeast: 50 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [],
    trace: { root: 'POST /orders', spans: { 'INSERT orders': 1 } },
    detection: [{ alert: 'DatabasePoolExhausted', withinMinutes: 6 }],
    recoveredWithin: 30,
  },
  look: {
    dashboard: 'orders-dependencies',
    panel: 'Connections to Postgres',
    traces: 'db.system.name=postgresql',
  },
};
