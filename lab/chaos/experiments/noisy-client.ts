import { type Experiment, usualTraffic } from '../experiment.ts';

export const noisyClient: Experiment = {
  name: 'noisy-client',
  title: 'A noisy client beside quiet ones',
  story: 'It sends 80 requests a second; its limit is 200 in 10 seconds.',
  surroundings: { env: { RATE_LIMIT_MAX: '200' } },
  steady: usualTraffic,
  faults: [{ kind: 'noisy_client', perSecond: 80 }],
  hypothesis: {
    claim: 'It gets 429 for requests over its limit. Other clients notice nothing.',
    answers: {
      allowed: ['201', '402'],
      shares: { 201: 0.4 },
      p99: 1000,
      others: { '429 rate_limited': 100 },
    },
    orders: { paid: 0.999, settledWithin: 10 },
    metrics: [
      { name: 'requests_shed_total', labels: { reason: 'rate_limited' }, atLeast: 100 },
      { name: 'log_messages_total', labels: { level: 'error' }, atMost: 0 },
    ],
    logs: [],
    detection: {
      undetected: 'Only the client that exceeds its limit is affected. The Detection dashboard names it.',
    },
    quiet: ['RequestsShed'],
    recoveredWithin: 5,
  },
  look: {
    dashboard: 'orders-detection',
    panel: 'Over their rate limit, a minute',
    traces: 'orders.client.id=noisy',
  },
};
