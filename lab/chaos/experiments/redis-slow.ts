import { type Experiment, usualTraffic } from '../experiment.ts';

export const redisSlow: Experiment = {
  name: 'redis-slow',
  title: 'Redis is slow',
  story: 'Every answer is delayed by 200 ms; the service waits for at most 20 ms.',
  surroundings: { redis: true, env: { RATE_LIMIT_MAX: '10000' } },
  steady: usualTraffic,
  faults: [{ kind: 'network', to: 'redis', toxics: [{ type: 'latency', latency: 200, jitter: 20 }] }],
  hypothesis: {
    claim:
      'After a few timeouts the breaker opens, and the service stops calling Redis. Customers notice nothing.',
    answers: { allowed: ['201', '402'], shares: { 201: 0.4 }, p99: 1000 },
    orders: { paid: 0.999, settledWithin: 10 },
    metrics: [
      { name: 'circuit_breaker_calls_total', labels: { breaker: 'redis', outcome: 'timeout' }, atLeast: 1 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'redis.unavailable', fields: { reason: 'timeouts' } }],
    detection: [{ alert: 'RedisUnavailable', withinMinutes: 8 }],
    recoveredWithin: 15,
  },
  look: {
    dashboard: 'orders-dependencies',
    panel: 'What the service says about them',
    traces: 'db.system.name=redis',
  },
};
