import type { Scenario } from '../api-types.ts';
import type { FaultSettings } from '../../simulator/faults.ts';

type GatewayScenario = Scenario & { settings: Partial<Record<keyof FaultSettings, number>> };

/** What goes wrong with payment gateways, one click each. */
export const scenarios: readonly GatewayScenario[] = [
  {
    id: 'down',
    title: 'Gateway down',
    meaning: 'Every charge fails with a 500. The breaker opens, orders are taken and left pending.',
    settings: { errorRate: 1 },
  },
  {
    id: 'flaky',
    title: 'Flaky gateway',
    meaning: 'Three charges in ten fail. Retries hide it, as far as their budget goes.',
    settings: { errorRate: 0.3 },
  },
  {
    id: 'slow',
    title: 'Slow gateway',
    meaning: 'Every charge takes 400 to 800 ms. Latency grows, and what is at work at the same time with it.',
    settings: { latencyMs: 400, latencyJitterMs: 400 },
  },
  {
    id: 'silent',
    title: 'Silent gateway',
    meaning: 'Half of the charges are never answered. Each costs its attempt the whole timeout.',
    settings: { timeoutRate: 0.5 },
  },
  {
    id: 'unknown',
    title: 'Unknown outcomes',
    meaning: 'Three charges in ten are made, and answered too late. Nobody may be charged twice.',
    settings: { slowSuccessRate: 0.3 },
  },
  {
    id: 'resets',
    title: 'Dropped connections',
    meaning: 'Three connections in ten drop, before or after the card was charged.',
    settings: { resetRate: 0.3 },
  },
  {
    id: 'limited',
    title: 'Rate limited',
    meaning: 'Half of the charges are answered 429 with Retry-After.',
    settings: { rateLimitRate: 0.5 },
  },
  {
    id: 'garbled',
    title: 'Garbled answers',
    meaning: 'Three charges in ten are made, and answered with what nobody can read.',
    settings: { malformedRate: 0.3 },
  },
  {
    id: 'declines',
    title: 'Cards declined',
    meaning: 'Half of the cards are declined. That is business, and no failure: the breaker stays closed.',
    settings: { declineRate: 0.5 },
  },
  {
    id: 'refused',
    title: 'Credentials refused',
    meaning:
      'Every charge is answered 401, as after a key was rotated. No retry helps, and an error line says so.',
    settings: { unauthorizedRate: 1 },
  },
];
