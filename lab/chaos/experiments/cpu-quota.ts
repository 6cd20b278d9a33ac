import { type Experiment, usualTraffic } from '../experiment.ts';

export const cpuQuota: Experiment = {
  name: 'cpu-quota',
  title: 'The service gets a quarter of a processor',
  story: 'As in a container with a CPU quota, it runs for 100 ms and is then stopped for 300.',
  steady: usualTraffic,
  faults: [{ kind: 'cpu_quota', quota: 100, period: 400 }],
  hypothesis: {
    claim:
      "A quarter is enough for all orders, but most wait for the next turn; they are paid within 1 s. Nothing is refused, and the breaker does not mistake the service's own slowness for the gateway's.",
    answers: { allowed: ['201', '402'], shares: { 201: 0.4 }, p99: 1000 },
    orders: { paid: 0.999, settledWithin: 15 },
    metrics: [
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'payment', to: 'open' }, atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [],
    // The service measures a request only once it reads it. Only the event loop delay shows the wait before that.
    detection: [{ alert: 'EventLoopSlow', withinMinutes: 7 }],
    quiet: ['CircuitBreakerOpen'],
    recoveredWithin: 10,
  },
  look: { dashboard: 'orders-saturation', panel: 'Event loop delay', traces: 'service.name=orders' },
};
