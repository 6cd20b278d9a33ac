import { type Experiment, usualTraffic } from '../experiment.ts';

export const gatewayRateLimits: Experiment = {
  name: 'gateway-rate-limits',
  title: 'The gateway rate-limits us',
  story: 'Six charges in ten are answered 429 with a Retry-After of 1 s.',
  steady: usualTraffic,
  faults: [{ kind: 'gateway', settings: { rateLimitRate: 0.6, retryAfterSeconds: 1 } }],
  hypothesis: {
    claim:
      'The service respects Retry-After, the breaker relieves the gateway, and orders are left pending. 99.9 % end as paid within 60 s.',
    answers: { allowed: ['201', '202', '402'], shares: { 202: 0.2 }, p99: 3300 },
    orders: { paid: 0.999, settledWithin: 60 },
    metrics: [
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'payment', to: 'open' }, atLeast: 1 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'payment.retry', fields: { reason: 'rate_limited' } }],
    trace: { root: 'POST /orders', spans: { 'POST /charges': 2 }, events: ['retry'] },
    detection: [{ alert: 'ErrorBudgetBurnsFast', labels: { slo: 'placement-latency' }, withinMinutes: 8 }],
    recoveredWithin: 25,
  },
  look: {
    dashboard: 'orders-dependencies',
    panel: 'Attempts by what the breaker saw',
    traces: 'payment.outcome=unavailable',
  },
};
