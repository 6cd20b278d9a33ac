import { type Experiment, usualTraffic } from '../experiment.ts';

export const postgresConflicts: Experiment = {
  name: 'postgres-conflicts',
  title: 'Serialization failures and deadlocks',
  story: 'One writing statement in ten fails with 40001 or 40P01.',
  steady: usualTraffic,
  faults: [{ kind: 'conflicts', share: 0.1 }],
  hypothesis: {
    claim: 'A retry after a few milliseconds succeeds. Customers notice nothing.',
    answers: { allowed: ['201', '202', '402'], shares: { 201: 0.4 }, p99: 1500 },
    orders: { paid: 0.999, settledWithin: 30 },
    metrics: [
      { name: 'retries_total', labels: { dependency: 'postgres', result: 'recovered' }, atLeast: 5 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [
      { event: 'postgres.retry', fields: { sqlstate: '40001' } },
      { event: 'postgres.retry', fields: { sqlstate: '40P01' } },
    ],
    trace: {
      root: 'POST /orders',
      spans: { 'INSERT orders': 1 },
      events: ['orders.postgres.retry'],
      attributes: { 'orders.order.status': 'paid' },
    },
    detection: { undetected: 'Customers notice nothing. The Retries panel shows them by statement.' },
    recoveredWithin: 5,
  },
  look: { dashboard: 'orders-service', panel: 'Retries', traces: 'db.system.name=postgresql' },
};
