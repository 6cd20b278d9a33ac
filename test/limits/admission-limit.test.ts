import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { metricOf, patiently } from '../support/clients/held-orders.ts';
import { quietWorker } from '../support/clients/settings.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';
import { linesOf } from '../support/processes/spawn-with-script.ts';

/** Places orders from several clients at once. Each sends its next order as soon as the last one is answered. */
async function keepPlacing(
  { api }: SpawnedService,
  clients: number,
  milliseconds: number,
): Promise<number[]> {
  const statuses: number[] = [];
  const end = performance.now() + milliseconds;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < end) {
        const { status } = await api.place();
        statuses.push(status);
        // A client that obeyed Retry-After would cause no load.
        if (status === 429) await delay(20);
      }
    }),
  );
  return statuses;
}

describe('the limit', () => {
  test('the limit falls to what a slow gateway can serve, so that admitted orders are paid in time, and rises again', async () => {
    await using service = await spawnService({
      ...quietWorker,
      PAYMENT_CONNECTIONS: '4',
      // Long enough that a busy machine does not time attempts out by itself.
      PAYMENT_ATTEMPT_TIMEOUT: '2s',
      PAYMENT_DEADLINE: '6s',
      DATABASE_POOL_MAX: '4',
      ADMISSION_LIMIT_MIN: '2',
      ADMISSION_TARGET: '20ms',
      ADMISSION_QUEUE: '100',
      ADMISSION_QUEUE_TIMEOUT: '20ms',
      BREAKER_VOLUME: '5',
    });
    const limit = () => metricOf(service, 'admission_limit');
    // Enough orders at once to raise the limit.
    await keepPlacing(service, 20, 1000);
    await service.gateway.setFaults({ latencyMs: 100 });
    const statuses = await keepPlacing(service, 120, 3000);

    expect(statuses).toEqual(expect.arrayContaining([201, 429]));
    expect(statuses.filter((status) => ![201, 202, 429].includes(status))).toEqual([]);
    // Without the limit each order would wait for 3 s and its attempt would time out.
    const timedOut = statuses.filter((status) => status === 202).length;
    expect(timedOut).toBeLessThan(statuses.filter((status) => status === 201).length / 4);
    expect(await limit()).toBeLessThan(20);
    expect(linesOf(service, 'circuit_breaker.changed')).toEqual([]);
    const charged = statuses.filter((status) => status === 201).length;
    expect((await service.gateway.ledger()).totals.captured).toBeGreaterThanOrEqual(charged);

    await service.gateway.clearFaults();
    const lastStatuses = async () => new Set(await keepPlacing(service, 4, 100));
    await expect.poll(lastStatuses, patiently).toEqual(new Set([201]));
  });

  test('the limit refuses no order while a slow gateway still has connections', async () => {
    // The clients run in step, so the pool must be large enough that none waits for Postgres.
    await using service = await spawnService({
      ...quietWorker,
      DATABASE_POOL_MAX: '50',
      // No attempt ends by itself on a busy machine.
      PAYMENT_ATTEMPT_TIMEOUT: '20s',
      PAYMENT_DEADLINE: '20s',
    });
    await keepPlacing(service, 40, 200);
    const before = await metricOf(service, 'admission_limit');
    await service.gateway.setFaults({ latencyMs: 400 });
    expect(new Set(await keepPlacing(service, 40, 2500))).toEqual(new Set([201]));
    expect(await metricOf(service, 'admission_limit')).toBeGreaterThanOrEqual(before);
  });

  test('the limit refuses no order while the gateway is down: orders are stored and answered 202', async () => {
    await using service = await spawnService({ ...quietWorker, PAYMENT_MAX_ATTEMPTS: '1' });
    await service.gateway.setFaults({ errorRate: 1 });
    expect(new Set(await keepPlacing(service, 30, 1000))).toEqual(new Set([202]));
  });
});
