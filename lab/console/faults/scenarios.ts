import type { Scenario } from '../api-types.ts';
import type { FaultSettings } from '../../simulator/faults.ts';

type GatewayScenario = Scenario & { settings: Partial<Record<keyof FaultSettings, number>> };

/** Typical faults of payment gateways, one click each. */
export const scenarios: readonly GatewayScenario[] = [
  {
    id: 'down',
    title: 'Gateway down',
    meaning: 'Every charge fails with 500. The breaker opens; orders are accepted and left pending.',
    settings: { errorRate: 1 },
  },
  {
    id: 'flaky',
    title: 'Flaky gateway',
    meaning: 'Three charges in ten fail. Retries hide the failures as long as their budget lasts.',
    settings: { errorRate: 0.3 },
  },
  {
    id: 'slow',
    title: 'Slow gateway',
    meaning: 'Every charge takes 400 to 800 ms. Latency grows, and the number of requests in flight with it.',
    settings: { latencyMs: 400, latencyJitterMs: 400 },
  },
  {
    id: 'silent',
    title: 'Silent gateway',
    meaning: 'Half of the charges are never answered. Each of those attempts runs into its timeout.',
    settings: { timeoutRate: 0.5 },
  },
  {
    id: 'unknown',
    title: 'Unknown outcomes',
    meaning: 'Three charges in ten succeed but are answered too late. No card may be charged twice.',
    settings: { slowSuccessRate: 0.3 },
  },
  {
    id: 'resets',
    title: 'Dropped connections',
    meaning: 'Three connections in ten drop, before or after the charge.',
    settings: { resetRate: 0.3 },
  },
  {
    id: 'limited',
    title: 'Rate limited',
    meaning: 'Half of the charges get 429 with Retry-After.',
    settings: { rateLimitRate: 0.5 },
  },
  {
    id: 'garbled',
    title: 'Garbled answers',
    meaning: 'Three charges in ten succeed, but their answer is unreadable.',
    settings: { malformedRate: 0.3 },
  },
  {
    id: 'declines',
    title: 'Cards declined',
    meaning:
      'Half of the cards are declined. A decline is business, not a failure: the breaker stays closed.',
    settings: { declineRate: 0.5 },
  },
  {
    id: 'refused',
    title: 'Credentials refused',
    meaning: 'Every charge gets 401, as after a key rotation. No retry helps, and an error line says so.',
    settings: { unauthorizedRate: 1 },
  },
];
