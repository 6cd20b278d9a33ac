import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { place, whileLocked, within } from '../support/clients/deadlines.ts';
import { spawnService } from '../support/processes/spawn-service.ts';

test('the answer at a deadline is true whenever the deadline comes, and no card is charged twice', async () => {
  await using service = await spawnService({
    BREAKER_VOLUME: '1000',
    DATABASE_POOL_MAX: '4',
    PAYMENT_RETRY_RESERVE: '1000',
    SETTLEMENT_POLL_INTERVAL: '50ms',
    SETTLEMENT_BACKOFF_BASE: '50ms',
    SETTLEMENT_BACKOFF_FLOOR: '10ms',
    SETTLEMENT_BACKOFF_CAP: '100ms',
  });
  await service.gateway.setFaults({ latencyJitterMs: 60, errorRate: 0.1 });
  const answers = new Map<string, number>();
  const deadlines = Array.from({ length: 200 }, (_, index) => 1 + (index % 100)).values();
  const clients = Array.from({ length: 8 }, async () => {
    for (const deadline of deadlines) {
      const key = randomUUID();
      const { status } = await place(service, { 'idempotency-key': key, ...within(deadline) });
      answers.set(key, status);
      // Holds statements up, so that deadlines also come in the middle of one.
      if (answers.size % 20 === 0) await whileLocked(service, () => delay(30));
    }
  });
  await Promise.all(clients);

  await service.gateway.clearFaults();
  const pending = () => service.database.sql("SELECT FROM orders WHERE status = 'pending'");
  await expect.poll(pending, { timeout: 20_000 }).toEqual([]);
  const rows = await service.database.sql<{ key: string; id: string; status: string }>(
    'SELECT idempotency_key AS key, id, status FROM orders',
  );
  const statusOf = new Map(rows.map(({ key, status }) => [key, status]));
  const allowed: Record<number, Array<string | undefined>> = {
    201: ['paid'],
    202: ['paid'],
    429: [undefined],
    503: [undefined, 'paid'],
    504: [undefined],
  };
  expect([...answers].filter(([key, status]) => !allowed[status]?.includes(statusOf.get(key)))).toEqual([]);
  expect([...new Set(answers.values())]).toEqual(expect.arrayContaining([201, 202, 504]));
  const { charges, totals } = await service.gateway.ledger();
  expect(totals.duplicates).toBe(0);
  const captured = charges.filter(({ captures }) => captures === 1).map(({ key }) => key);
  expect(captured.toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
});
