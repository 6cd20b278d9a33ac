import { type Experiment, usualTraffic } from '../experiment.ts';

export const postgresResets: Experiment = {
  name: 'postgres-resets',
  title: 'Connections to Postgres are reset',
  story:
    'The network delays each answer by 10 ms and resets each connection after half a second, even during a statement.',
  steady: usualTraffic,
  faults: [
    {
      kind: 'network',
      to: 'postgres',
      toxics: [
        { type: 'latency', latency: 10, jitter: 5 },
        { type: 'reset_peer', timeout: 500 },
      ],
    },
  ],
  hypothesis: {
    claim:
      'An interrupted statement is retried on another connection. Customers notice nothing, and no order is stored twice.',
    answers: { allowed: ['201', '202', '402'], shares: { 201: 0.4 }, p99: 1000 },
    orders: { paid: 0.999, settledWithin: 30 },
    metrics: [
      { name: 'retries_total', labels: { dependency: 'postgres', result: 'recovered' }, atLeast: 3 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'postgres.connection_lost', atLeast: 20 }],
    detection: { undetected: 'Customers notice nothing, and the pool reconnects by itself.' },
    quiet: ['ErrorBudgetBurnsFast', 'DatabasePoolExhausted'],
    recoveredWithin: 5,
  },
  look: {
    dashboard: 'orders-dependencies',
    panel: 'Connections to Postgres',
    traces: 'db.system.name=postgresql',
  },
};
