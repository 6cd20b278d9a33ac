import { type Experiment, usualTraffic } from '../experiment.ts';

export const gatewaySlow: Experiment = {
  name: 'gateway-slow',
  title: 'The gateway is slow',
  story: 'A charge takes 400 ms, and one in twenty takes 2 s.',
  surroundings: { evidence: true },
  steady: usualTraffic,
  faults: [
    { kind: 'gateway', settings: { latencyMs: 400, slowSuccessRate: 0.05, slowSuccessDelayMs: 2000 } },
  ],
  hypothesis: {
    claim:
      'Orders take as long as the gateway, but at most 3.3 s. None is refused, none is charged twice. The alert on latency has a CPU profile taken, which shows that the time is not spent in the service.',
    answers: { allowed: ['201', '202', '402'], shares: { 201: 0.4 }, p99: 3300 },
    orders: { paid: 0.999, settledWithin: 30 },
    metrics: [
      { name: 'circuit_breaker_calls_total', labels: { breaker: 'payment', outcome: 'timeout' }, atLeast: 1 },
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'payment', to: 'open' }, atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'payment.retry', fields: { reason: 'timeout' } }],
    trace: { root: 'POST /orders', spans: { 'POST /charges': 2 }, events: ['orders.payment.retry'] },
    detection: [{ alert: 'ErrorBudgetBurnsFast', labels: { slo: 'placement-latency' }, withinMinutes: 5 }],
    captured: [{ alert: 'ErrorBudgetBurnsFast', kind: 'cpu' }],
    recoveredWithin: 10,
  },
  look: { dashboard: 'orders-dependencies', panel: 'p99', traces: 'orders.payment.outcome=succeeded' },
};
