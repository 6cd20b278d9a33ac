import { expect } from 'vitest';
import { readinessOf } from '../support/clients/condition-table.ts';
import { hiccup, timed } from '../support/clients/timing.ts';
import type { Replica } from '../support/processes/spawn-service.ts';

/**
 * Has requests fill the pool and its queue while something keeps them from being served, and expects that seven probes are
 * answered in time meanwhile, and truly: Postgres is there.
 */
export async function readyWhilePoolIsFull(service: Replica): Promise<void> {
  const statuses = new Set<number>();
  const stopping = new AbortController();
  const clients = Array.from({ length: 20 }, async () => {
    while (!stopping.signal.aborted) statuses.add((await service.api.place()).status);
  });
  for (let probe = 0; probe < 7; probe += 1) {
    await expect.poll(() => waitingForConnection(service)).toBeGreaterThan(0);
    const { result, took } = await timed(() => readinessOf(service));
    expect(result.status).toBe(200);
    expect(took).toBeLessThan(500 + hiccup);
  }
  stopping.abort();
  await Promise.all(clients);
  expect(statuses).toEqual(new Set([503]));
}

async function waitingForConnection({ adminUrl }: Replica): Promise<number> {
  const status = (await (await fetch(`${adminUrl}/status`)).json()) as { postgresPool: { waiting: number } };
  return status.postgresPool.waiting;
}
