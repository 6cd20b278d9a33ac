import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { insertsIn, place, whileLocked, within } from '../support/clients/deadlines.ts';
import { approve } from '../support/processes/scripted-gateway.ts';
import { quietWorker } from '../support/clients/settings.ts';
import { linesOf, spawnWithScript } from '../support/processes/spawn-with-script.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';
import { hiccup, timed } from '../support/clients/timing.ts';

/** Longer than any deadline below, so that only the deadline can end a wait. */
const slowLimits = {
  ...quietWorker,
  DATABASE_CONNECT_TIMEOUT: '20s',
  DATABASE_STATEMENT_TIMEOUT: '20s',
  DATABASE_DEADLINE: '20s',
  PAYMENT_ATTEMPT_TIMEOUT: '20s',
  PAYMENT_DEADLINE: '20s',
};
const patiently = { timeout: 10_000, interval: 5 };

const ordersIn = ({ database }: SpawnedService) =>
  database.sql<{ id: string; status: string; round: number; held: boolean }>(
    'SELECT id, status, round, held FROM orders',
  );

describe('x-request-timeout-ms', () => {
  let service: SpawnedService;
  beforeAll(async () => {
    service = await spawnService(quietWorker);
    return () => service.close();
  });

  test.each(['0', '-1', '1.5', '1e3', '60001', '999999', 'soon', '0x10', '1000, 1000'])(
    'x-request-timeout-ms: %s is refused with 400 and a pointer',
    async (value) => {
      const { status, body } = await place(service, within(value));
      expect([status, body.code]).toEqual([400, 'invalid_request']);
      expect(body.errors).toMatchObject([{ in: 'header', pointer: '/x-request-timeout-ms' }]);
      expect(await ordersIn(service)).toEqual([]);
    },
  );

  test.each(['5000', '60000'])(
    'x-request-timeout-ms: %s leaves enough time and changes nothing',
    async (value) => {
      const placed = await service.api.place(teaOrder, within(value));
      expect(placed.status).toBe(201);
      for (const path of [`/orders/${placed.body.id}`, '/orders']) {
        expect((await service.api.request('GET', path, { headers: within(value) })).status).toBe(200);
      }
    },
  );
});

describe('the deadline of a request', () => {
  test('a deadline in the admission queue ends in 504, and nothing is stored', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    await using scripted = await spawnWithScript((charge) => released.then(() => approve(charge)), {
      ...slowLimits,
      ADMISSION_LIMIT_MIN: '1',
      ADMISSION_LIMIT_MAX: '1',
      ADMISSION_QUEUE_TIMEOUT: '20s',
    });
    const { service, gateway } = scripted;
    const first = service.api.place();
    await expect.poll(() => gateway.charges.length, patiently).toBe(1);
    const { result, took } = await timed(() => place(service, within(150)));

    expect([result.status, result.body.code]).toEqual([504, 'deadline_exceeded']);
    expect(took).toBeLessThan(150 + hiccup);
    release();
    expect((await first).status).toBe(201);
    expect(await ordersIn(service)).toHaveLength(1);
    expect(gateway.charges).toHaveLength(1);
  });

  describe('before its order is stored', () => {
    let service: SpawnedService;
    beforeAll(async () => {
      service = await spawnService({ ...slowLimits, DATABASE_POOL_MAX: '2', ADMISSION: 'off' });
      return () => service.close();
    });
    beforeEach(() => service.database.sql('TRUNCATE orders'));

    test('a deadline during the INSERT cancels it and ends in 504, and nothing is stored later', async () => {
      await whileLocked(service, async () => {
        const { result, took } = await timed(() => place(service, within(200)));
        expect([result.status, result.body.code]).toEqual([504, 'deadline_exceeded']);
        expect(took).toBeGreaterThan(190);
        expect(took).toBeLessThan(200 + hiccup);
        // A statement that only the client had given up would continue once the lock is released.
        expect(await insertsIn(service.database)).toEqual([]);
      });
      expect(await ordersIn(service)).toEqual([]);
      expect((await service.api.place()).status).toBe(201);
    });

    test('deadlines that cancel many statements at once do not affect the next ones', async () => {
      await whileLocked(service, async () => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, index) => place(service, within(100 + 20 * index))),
        );
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([504]));
      });
      const after = await Promise.all(Array.from({ length: 20 }, () => service.api.place()));
      expect(new Set(after.map(({ status }) => status))).toEqual(new Set([201]));
      expect(await ordersIn(service)).toHaveLength(20);
    });

    test('deadlines cancel statements again although the session that cancels them is frozen', async () => {
      await whileLocked(service, async () => {
        expect((await place(service, within(100))).status).toBe(504);
        const [row] = await service.database.sql<{ pid: number }>(`
          SELECT pid FROM pg_stat_activity
          WHERE datname = current_database() AND query LIKE 'SELECT pg_cancel_backend%'`);
        if (!row) throw new Error('there is no session that cancels');
        // By Postgres itself, which may run in a container.
        const signal = (name: string) =>
          service.database.sql(`COPY (SELECT 1) TO PROGRAM 'cat > /dev/null; kill -${name} ${row.pid}'`);
        await signal('STOP');
        try {
          await place(service, within(100));
          await expect.poll(async () => (await place(service, within(100))).status, patiently).toBe(504);
        } finally {
          await signal('CONT');
        }
      });
      expect((await service.api.place()).status).toBe(201);
    });

    test('a deadline during the wait for a connection ends in 504, and the statement is never sent', async () => {
      const { result, patient } = await whileLocked(service, async () => {
        // One after the other, so that they do not share a statement and its connection.
        const first = service.api.place();
        await expect.poll(() => insertsIn(service.database), patiently).toHaveLength(1);
        const second = service.api.place();
        await expect.poll(() => insertsIn(service.database), patiently).toHaveLength(2);
        return { result: await place(service, within(100)), patient: [first, second] };
      });
      expect([result.status, result.body.code]).toEqual([504, 'deadline_exceeded']);
      expect((await Promise.all(patient)).map(({ status }) => status)).toEqual([201, 201]);
      expect(await ordersIn(service)).toHaveLength(2);
    });

    test('a deadline ends a read, a list and a cancellation in 504', async () => {
      const { body: order } = await service.api.place();
      const answers = await whileLocked(service, () =>
        Promise.all(
          [
            ['GET', `/orders/${order.id}`],
            ['GET', '/orders'],
            ['POST', `/orders/${order.id}/cancel`],
          ].map(([method = '', path = '']) => service.api.refused(method, path, { headers: within(150) })),
        ),
      );
      expect(answers.map(({ status, body }) => `${status} ${body.code}`)).toEqual(
        Array(3).fill('504 deadline_exceeded'),
      );
    });

    test('a repeat that meets its deadline can be repeated again and finds the stored order', async () => {
      const key = { 'idempotency-key': randomUUID() };
      const first = await service.api.place(teaOrder, key);
      const repeated = await whileLocked(service, () => place(service, { ...key, ...within(100) }));
      expect(repeated.status).toBe(504);
      const again = await service.api.place(teaOrder, { ...key, ...within(5000) });
      expect([again.status, again.body.id]).toEqual([201, first.body.id]);
    });
  });

  describe('after its order is stored', () => {
    test('a deadline during the charge ends in 202, and a worker settles the order with one charge', async () => {
      await using service = await spawnService({
        ...slowLimits,
        SETTLEMENT_POLL_INTERVAL: '50ms',
        SETTLEMENT_BACKOFF_BASE: '100ms',
        SETTLEMENT_BACKOFF_FLOOR: '100ms',
        SETTLEMENT_BACKOFF_CAP: '100ms',
      });
      await service.gateway.setFaults({ latencyMs: 5000 });
      const { result, took } = await timed(() => service.api.place(teaOrder, within(1000)));
      expect([result.status, result.body.status]).toEqual([202, 'pending']);
      expect(took).toBeLessThan(1000 + hiccup);
      expect(linesOf(service, 'order.left_pending', result.body.id)).toMatchObject([{ reason: 'deadline' }]);

      await service.gateway.clearFaults();
      const statusNow = async () => (await service.api.get(`/orders/${result.body.id}`)).body.status;
      await expect.poll(statusNow, patiently).toBe('paid');
      expect(await service.gateway.chargeOf(result.body.id)).toMatchObject({ captures: 1 });
      // The request released the order at once, so the worker did not have to wait for its lease to expire.
      expect((await ordersIn(service))[0]).toMatchObject({ round: 2, held: false });
    });

    test('no payment retry starts that would come after the deadline', async () => {
      await using service = await spawnService({ ...slowLimits, PAYMENT_BACKOFF_FLOOR: '400ms' });
      await service.gateway.setFaults({ errorRate: 1 });
      const { result, took } = await timed(() => service.api.place(teaOrder, within(300)));
      expect(result.status).toBe(202);
      expect(took).toBeLessThan(300 + hiccup);
      expect(linesOf(service, 'payment.retry')).toEqual([]);
    });

    test('a deadline after the charge answers 202 and does not stop the outcome from being stored', async () => {
      const { promise: charged, resolve: charge } = Promise.withResolvers<void>();
      const { promise: locked, resolve: lock } = Promise.withResolvers<void>();
      await using scripted = await spawnWithScript(async (seen) => {
        charge();
        await locked;
        return approve(seen);
      }, slowLimits);
      const { service, gateway } = scripted;
      const placing = service.api.place(teaOrder, within(700));
      await charged;
      const placed = await whileLocked(service, async () => {
        lock();
        return placing;
      });

      expect([placed.status, placed.body.status]).toEqual([202, 'pending']);
      await expect.poll(() => ordersIn(service), patiently).toMatchObject([{ status: 'paid', round: 1 }]);
      expect(gateway.charges).toHaveLength(1);
    });

    test('clients with short deadlines do not open the payment circuit', async () => {
      await using service = await spawnService({ ...slowLimits, BREAKER_VOLUME: '3' });
      await service.gateway.setFaults({ timeoutRate: 1 });
      const hasty = await Promise.all(
        Array.from({ length: 10 }, () => service.api.place(teaOrder, within(1000))),
      );
      expect(new Set(hasty.map(({ status }) => status))).toEqual(new Set([202]));
      expect(linesOf(service, 'circuit_breaker.changed')).toEqual([]);
      await service.gateway.clearFaults();
      expect((await service.api.place()).status).toBe(201);
    });

    test('a deadline during a cancellation ends in 504, and a repeat finds out how it ended', async () => {
      await using service = await spawnService({ ...slowLimits, PAYMENT_MAX_ATTEMPTS: '1' });
      await service.gateway.setFaults({ errorRate: 1 });
      const { body: order } = await service.api.place();
      await service.gateway.setFaults({ latencyMs: 600 });
      const path = `/orders/${order.id}/cancel`;
      const hasty = await service.api.refused('POST', path, { headers: within(200) });
      expect([hasty.status, hasty.body.code]).toEqual([504, 'deadline_exceeded']);
      expect(hasty.body.orderId).toBe(order.id);

      const again = () => service.api.request<{ status: unknown }>('POST', path);
      await expect.poll(async () => (await again()).body.status, patiently).toBe('cancelled');
    });
  });
});
