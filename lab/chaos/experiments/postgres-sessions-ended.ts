import { type Experiment, usualTraffic } from '../experiment.ts';

export const postgresSessionsEnded: Experiment = {
  name: 'postgres-sessions-ended',
  title: 'Postgres terminates the sessions of the service one by one',
  story: 'Five a second, as an over-eager maintenance job would.',
  steady: usualTraffic,
  faults: [{ kind: 'end_sessions', perSecond: 5 }],
  hypothesis: {
    claim: 'An interrupted statement is retried on another connection. Customers notice nothing.',
    answers: { allowed: ['201', '202', '402'], shares: { 201: 0.4 }, p99: 1500 },
    orders: { paid: 0.999, settledWithin: 30 },
    metrics: [{ name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 }],
    logs: [{ event: 'postgres.connection_lost' }],
    detection: { undetected: 'Customers notice nothing, and the pool reconnects by itself.' },
    recoveredWithin: 5,
  },
  look: {
    dashboard: 'orders-dependencies',
    panel: 'Connections to Postgres',
    traces: 'db.system.name=postgresql',
  },
};
