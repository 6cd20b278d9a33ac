import type { FaultSettings } from '../../simulator/faults.ts';
import type { Scenario } from '../api-types.ts';

type UpstreamScenario = Scenario & { settings: Partial<Record<keyof FaultSettings, number>> };

/** Typical faults of a dependency, one click each. */
export const scenarios: readonly UpstreamScenario[] = [
  {
    id: 'down',
    title: 'Dependency down',
    meaning: 'Every call fails with 500. The breaker opens; bookings are stored as pending.',
    settings: { errorRate: 1 },
  },
  {
    id: 'flaky',
    title: 'Flaky dependency',
    meaning: 'Three calls in ten fail. Retries hide the failures as long as their budget lasts.',
    settings: { errorRate: 0.3 },
  },
  {
    id: 'slow',
    title: 'Slow dependency',
    meaning: 'Every call takes 600 ms. Latency grows, and the number of requests in flight with it.',
    settings: { delayMs: 600 },
  },
  {
    id: 'silent',
    title: 'Silent dependency',
    meaning: 'No call is answered in time. Each attempt runs into its timeout, and its outcome is unknown.',
    settings: { delayMs: 10_000 },
  },
];
