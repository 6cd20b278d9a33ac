import { type Experiment, usualTraffic } from '../experiment.ts';

export const wrongKeys: Experiment = {
  name: 'wrong-keys',
  title: 'A client guesses API keys',
  story: 'It sends thirty wrong keys a second, from the same address as valid clients.',
  surroundings: { env: { AUTH_FAILURE_MAX: '20', RATE_LIMIT_ADDRESS_MAX: '300' } },
  steady: usualTraffic,
  faults: [{ kind: 'wrong_keys', perSecond: 30 }],
  hypothesis: {
    claim:
      'After twenty wrong keys in a minute the answer is 429. Customers with a valid key notice nothing.',
    answers: {
      allowed: ['201', '402'],
      shares: { 201: 0.4 },
      p99: 1000,
      others: { '401 unauthenticated': 1, '429 rate_limited': 100 },
    },
    orders: { paid: 0.999, settledWithin: 10 },
    metrics: [
      { name: 'auth_failures_total', labels: { reason: 'throttled' }, atLeast: 100 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [{ event: 'auth.brute_force' }],
    detection: [{ alert: 'AuthFailuresHigh', withinMinutes: 8 }],
    recoveredWithin: 5,
  },
  look: { dashboard: 'orders-detection', panel: 'Refused API keys', traces: 'http.response.status_code=401' },
};
