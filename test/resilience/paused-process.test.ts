import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ServiceProcess, spawnServiceProcess } from '../../lab/harness/service-process.ts';
import { startTcpProxy, type TcpProxy } from '../../lab/simulator/network/tcp-proxy.ts';
import { createApiClient, teaOrder } from '../support/clients/api-client.ts';
import { insertsIn, whileLocked, within } from '../support/clients/deadlines.ts';
import { quietWorker } from '../support/clients/settings.ts';
import {
  approve,
  type ScriptedGateway,
  startScriptedGateway,
} from '../support/processes/scripted-gateway.ts';
import type { TestDatabase } from '../support/processes/database.ts';
import { serviceEnvironment, spawnSurroundings } from '../support/processes/spawn-service.ts';

// A process is paused by SIGSTOP, and in the same way by a frozen container, a machine that sleeps, or a long task.

/** Enough to open the circuit, whose default volume is 20. */
const orders = 25;
const attemptTimeout = 2000;
const pause = 1.3 * attemptTimeout;

describe('a service that is paused for longer than an attempt or a statement may take', () => {
  let gateway: ScriptedGateway;
  let service: ServiceProcess;
  let database: TestDatabase;
  /** Between the service and Postgres. */
  let network: TcpProxy;
  beforeAll(async () => {
    await using started = new AsyncDisposableStack();
    ({ database } = started.use(await spawnSurroundings()));
    gateway = started.use(await startScriptedGateway());
    network = started.use(await startTcpProxy(database.url));
    service = await spawnServiceProcess({
      env: {
        ...serviceEnvironment(network.url, gateway.url),
        ...quietWorker,
        PAYMENT_CONNECTIONS: String(orders),
        PAYMENT_ATTEMPT_TIMEOUT: `${attemptTimeout}ms`,
        // A pause lasts longer than a call may take, too.
        PAYMENT_DEADLINE: `${1.1 * attemptTimeout}ms`,
        DATABASE_CONNECT_TIMEOUT: `${attemptTimeout}ms`,
        DATABASE_DEADLINE: `${attemptTimeout}ms`,
        DATABASE_STATEMENT_TIMEOUT: '10s',
      },
    });
    started.defer(() => service.kill());
    const owned = started.move();
    return () => owned.disposeAsync();
  });
  beforeEach(() => {
    gateway.charges.length = 0;
    service.logs.length = 0;
  });

  async function pauseService(meanwhile: () => unknown): Promise<void> {
    service.child.kill('SIGSTOP');
    try {
      await meanwhile();
      await delay(pause);
    } finally {
      service.child.kill('SIGCONT');
    }
  }

  const stored = async () => (await database.sql('SELECT FROM orders')).length;

  /** Pauses the service while all orders are at the gateway. @returns the statuses of the orders */
  async function placeAroundPause({
    answerAfter,
    queued = 0,
  }: {
    answerAfter: 'at once' | 'after the pause';
    /** Orders that wait for a connection besides. */
    queued?: number;
  }) {
    const held = Promise.withResolvers<void>();
    gateway.follow(async (charge) => {
      await held.promise;
      return approve(charge);
    });
    const api = await createApiClient(service.url, 'shop-key');
    const before = await stored();
    const placing = Array.from({ length: orders + queued }, () => api.place());
    await expect.poll(() => gateway.charges.length).toBe(orders);
    await expect.poll(stored).toBe(before + orders + queued);
    await pauseService(() => {
      if (answerAfter === 'at once') held.resolve();
    });
    // A gateway that was paused with the service needs a little more time.
    if (answerAfter === 'after the pause') await delay(attemptTimeout / 20);
    held.resolve();
    return Promise.all(placing);
  }

  test.each(['at once', 'after the pause'] as const)(
    'a pause of the service is no failure of a gateway that answers %s',
    async (answerAfter) => {
      const placed = await placeAroundPause({ answerAfter });

      expect(new Set(placed.map(({ status }) => status))).toEqual(new Set([201]));
      // No attempt was given up: otherwise it would have been repeated.
      expect(gateway.charges).toHaveLength(orders);
      const complaints = service.logs.filter(({ event }) =>
        /^(payment|circuit_breaker)\./.test(String(event)),
      );
      expect(complaints).toEqual([]);
      const status = (await (await fetch(`${service.adminUrl}/status`)).json()) as object;
      expect(status).toMatchObject({ circuitBreakers: { payment: 'closed' } });
    },
  );

  test('orders that wait for a connection to the gateway in a pause of the service are paid after it', async () => {
    const placed = await placeAroundPause({ answerAfter: 'at once', queued: 2 * orders });

    expect(new Set(placed.map(({ status }) => status))).toEqual(new Set([201]));
    expect(gateway.charges).toHaveLength(3 * orders);
  });

  test('a pause of the service is no failure of a database that answers meanwhile', async () => {
    gateway.follow(approve);
    const api = await createApiClient(service.url, 'shop-key');
    // Storing an order waits for the lock.
    await database.sql('BEGIN');
    await database.sql('LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
    const placing = Array.from({ length: 5 }, () => api.place());
    await expect.poll(behindLock).toBeGreaterThan(0);
    await pauseService(() => database.sql('ROLLBACK'));
    const placed = await Promise.all(placing);

    expect(placed.map(({ status }) => status)).toEqual(placing.map(() => 201));
  });

  test('a pause of the service is no failure of a pool whose connections come free meanwhile', async () => {
    gateway.follow(approve);
    const api = await createApiClient(service.url, 'shop-key');
    const { body: order } = await api.place();
    await database.sql('BEGIN');
    await database.sql('LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
    // More than the pool has connections.
    const reading = Array.from({ length: orders }, () => api.get(`/orders/${order.id}`));
    await expect.poll(behindLock).toBe(10);
    await expect.poll(waitingForConnection).toBeGreaterThan(0);
    await pauseService(() => database.sql('ROLLBACK'));
    const answers = await Promise.all(reading);

    expect(answers.map(({ status }) => status)).toEqual(reading.map(() => 200));
  });

  test('a pause of the service is no failure of a connection to Postgres that is made meanwhile', async () => {
    const api = await createApiClient(service.url, 'shop-key');
    const sessions = () =>
      database.sql<{ pid: number }>(`
        SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'orders'`);
    await database.sql('SELECT pg_stat_clear_snapshot()');
    for (const { pid } of await sessions()) await database.sql('SELECT pg_terminate_backend($1)', [pid]);
    await expect.poll(sessions).toEqual([]);
    // Four answers, for the pause itself uses up a third of the time to connect.
    network.setToxics([{ type: 'latency', latency: attemptTimeout / 10, jitter: 0 }]);
    const listing = Array.from({ length: 5 }, () => api.get('/orders'));
    await expect.poll(sessions).not.toEqual([]);
    await pauseService(() => {});
    const answers = await Promise.all(listing);
    network.setToxics([]);

    expect(answers.map(({ status }) => status)).toEqual(listing.map(() => 200));
  });

  /** Statements that wait for a lock. */
  async function behindLock(): Promise<number> {
    await database.sql('SELECT pg_stat_clear_snapshot()');
    const waiting = await database.sql(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return waiting.length;
  }

  async function waitingForConnection(): Promise<number> {
    const status = await fetch(`${service.adminUrl}/status`);
    return ((await status.json()) as { postgresPool: { waiting: number } }).postgresPool.waiting;
  }

  test('a deadline that comes in a pause leaves Postgres its time to say that nothing was stored', async () => {
    const api = await createApiClient(service.url, 'shop-key');
    await whileLocked({ database }, async () => {
      const placing = Array.from({ length: 5 }, () => api.place(teaOrder, within(attemptTimeout / 4)));
      await expect.poll(() => insertsIn(database)).not.toEqual([]);
      await pauseService(() => {});
      const answers = await Promise.all(placing);

      expect(answers.map(({ status }) => status)).toEqual(placing.map(() => 504));
    });
  });
});
