import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { metricOf, patiently } from '../support/clients/held-orders.ts';
import { quietWorker } from '../support/clients/settings.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';
import { linesOf } from '../support/processes/spawn-with-script.ts';

/** New orders from so many clients at once, each with the next one as soon as it is answered, for a while. */
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
        // A client that obeyed Retry-After would be no load.
        if (status === 429) await delay(20);
      }
    }),
  );
  return statuses;
}

describe('the limit', () => {
  test('comes down to what the gateway can take, so that what is taken is paid in time, and goes up again after', async () => {
    await using service = await spawnService({
      ...quietWorker,
      PAYMENT_CONNECTIONS: '4',
      DATABASE_POOL_MAX: '4',
      ADMISSION_LIMIT_MIN: '2',
      ADMISSION_TARGET: '20ms',
      ADMISSION_QUEUE: '100',
      ADMISSION_QUEUE_TIMEOUT: '20ms',
      BREAKER_VOLUME: '5',
    });
    const limit = () => metricOf(service, 'admission_limit');
    // Many at once, and the limit has risen to let them in.
    await keepPlacing(service, 20, 1000);
    await service.gateway.setFaults({ latencyMs: 100 });
    const statuses = await keepPlacing(service, 60, 3000);

    expect(statuses).toEqual(expect.arrayContaining([201, 429]));
    expect(statuses.filter((status) => ![201, 202, 429].includes(status))).toEqual([]);
    // Without it each of them would wait for 1.5 s, and its attempt be given up.
    const givenUp = statuses.filter((status) => status === 202).length;
    expect(givenUp).toBeLessThan(statuses.filter((status) => status === 201).length / 4);
    expect(await limit()).toBeLessThan(20);
    expect(linesOf(service, 'circuit_breaker.changed')).toEqual([]);
    const charged = statuses.filter((status) => status === 201).length;
    expect((await service.gateway.ledger()).totals.captured).toBeGreaterThanOrEqual(charged);

    await service.gateway.clearFaults();
    const lastStatuses = async () => new Set(await keepPlacing(service, 4, 100));
    await expect.poll(lastStatuses, patiently).toEqual(new Set([201]));
  });

  test('does not take a slow gateway for overload: while it has connections, nobody is refused', async () => {
    // The clients go on in step with each other, and are not to wait for Postgres meanwhile.
    await using service = await spawnService({ ...quietWorker, DATABASE_POOL_MAX: '50' });
    await keepPlacing(service, 40, 200);
    const before = await metricOf(service, 'admission_limit');
    await service.gateway.setFaults({ latencyMs: 400 });
    expect(new Set(await keepPlacing(service, 40, 2500))).toEqual(new Set([201]));
    expect(await metricOf(service, 'admission_limit')).toBeGreaterThanOrEqual(before);
  });

  test('does not take a dead gateway for overload: orders are stored and answered 202', async () => {
    await using service = await spawnService({ ...quietWorker, PAYMENT_MAX_ATTEMPTS: '1' });
    await service.gateway.setFaults({ errorRate: 1 });
    expect(new Set(await keepPlacing(service, 30, 1000))).toEqual(new Set([202]));
  });
});
