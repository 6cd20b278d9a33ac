import { type Experiment, usualTraffic } from '../experiment.ts';

export const redisFlushed: Experiment = {
  name: 'redis-flushed',
  title: 'Redis is emptied again and again',
  story: 'Twice a second, with all that it held.',
  surroundings: { redis: true, env: { RATE_LIMIT_MAX: '10000' } },
  steady: usualTraffic,
  faults: [{ kind: 'flush_redis', perSecond: 2 }],
  hypothesis: {
    claim: 'It holds copies and counters, never the truth of anything. Customers notice nothing.',
    answers: { allowed: ['201', '402'], shares: { 201: 0.4 }, p99: 1000 },
    orders: { paid: 0.999, settledWithin: 10 },
    metrics: [
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'redis', to: 'open' }, atMost: 0 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [],
    detection: { undetected: 'Nothing is the worse for it but the share of hits of the cache.' },
    quiet: ['RedisUnavailable'],
    recoveredWithin: 5,
  },
  look: { dashboard: 'orders-dependencies', panel: 'Cache', traces: 'db.system.name=redis' },
};
