import { type Experiment, usualTraffic } from '../experiment.ts';

export const redisFlushed: Experiment = {
  name: 'redis-flushed',
  title: 'Redis is flushed again and again',
  story: 'Everything in it is deleted twice a second.',
  surroundings: { redis: true, env: { RATE_LIMIT_MAX: '10000' } },
  steady: usualTraffic,
  faults: [{ kind: 'flush_redis', perSecond: 2 }],
  hypothesis: {
    claim: 'Redis holds only copies and counters, never the source of truth. Customers notice nothing.',
    answers: { allowed: ['201', '402'], shares: { 201: 0.4 }, p99: 1000 },
    orders: { paid: 0.999, settledWithin: 10 },
    metrics: [
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'redis', to: 'open' }, atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [],
    detection: { undetected: 'Only the hit ratio of the cache suffers.' },
    quiet: ['RedisUnavailable'],
    recoveredWithin: 5,
  },
  look: { dashboard: 'orders-dependencies', panel: 'Cache', traces: 'db.system.name=redis' },
};
