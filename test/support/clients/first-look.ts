import { expect, vi } from 'vitest';
import type { Replica } from '../processes/spawn-service.ts';
import { metricOf } from './held-orders.ts';

/**
 * Waits until the settlement worker has looked for due orders once. Even an idle one looks when it starts, which is in the
 * middle of a test on a busy machine: it would take an order that the test has left pending, and its statements count.
 */
export async function firstLookOf(service: Pick<Replica, 'adminUrl'>): Promise<void> {
  const looks = (operation: string) =>
    metricOf(service, 'dependency_request_duration_seconds_count', { operation });
  await vi.waitFor(
    async () => {
      for (const operation of ['take_due_orders', 'take_unanswered_orders'])
        expect(await looks(operation), operation).toBeGreaterThan(0);
    },
    { timeout: 10_000, interval: 10 },
  );
}
