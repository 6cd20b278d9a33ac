import { type Experiment, usualTraffic } from '../experiment.ts';

export const redisDown: Experiment = {
  name: 'redis-down',
  title: 'Redis is down',
  story: 'It is killed and stays down.',
  surroundings: { redis: true, env: { RATE_LIMIT_MAX: '10000' } },
  steady: usualTraffic,
  faults: [{ kind: 'stop', what: 'redis', signal: 'SIGKILL' }],
  hypothesis: {
    claim:
      'Rate limits are counted per replica, and orders are read from Postgres. Customers notice nothing.',
    answers: { allowed: ['201', '402'], shares: { 201: 0.4 }, p99: 1000 },
    orders: { paid: 0.999, settledWithin: 10 },
    metrics: [
      { name: 'circuit_breaker_transitions_total', labels: { breaker: 'redis', to: 'open' }, atLeast: 1 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'redis.unavailable' }, { event: 'redis.available' }],
    detection: [{ alert: 'RedisUnavailable', withinMinutes: 8 }],
    recoveredWithin: 15,
  },
  look: {
    dashboard: 'orders-dependencies',
    panel: 'What the service says about them',
    traces: 'db.system.name=redis',
  },
};
