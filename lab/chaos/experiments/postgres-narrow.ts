import { type Experiment, usualTraffic } from '../experiment.ts';

export const postgresNarrow: Experiment = {
  name: 'postgres-narrow',
  title: 'The network to Postgres is congested',
  story: 'Answers arrive at 1 KB/s on each connection.',
  steady: usualTraffic,
  faults: [{ kind: 'network', to: 'postgres', toxics: [{ type: 'bandwidth', rate: 1 }] }],
  hypothesis: {
    claim:
      'Orders wait for their rows: they miss the latency objective but take at most 2 s. While all connections are in use, a few are refused and succeed on a retry. Nothing fails.',
    answers: { allowed: ['201', '202', '402', '429 overloaded'], shares: { 201: 0.4 }, p99: 2000 },
    orders: { paid: 0.999, settledWithin: 20 },
    metrics: [{ name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 }],
    logs: [],
    trace: { root: 'POST /orders', spans: { 'INSERT orders': 1, 'UPDATE orders': 1 } },
    detection: [{ alert: 'ErrorBudgetBurnsFast', labels: { slo: 'placement-latency' }, withinMinutes: 8 }],
    recoveredWithin: 10,
  },
  look: { dashboard: 'orders-dependencies', panel: 'Statements, p99', traces: 'db.system.name=postgresql' },
};
