import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTcpProxy, type TcpProxy } from '../../lab/simulator/network/tcp-proxy.ts';
import { readinessOf } from '../support/clients/condition-table.ts';
import { quietWorker } from '../support/clients/settings.ts';
import { approve, startScriptedGateway } from '../support/processes/scripted-gateway.ts';
import {
  type Replica,
  type SpawnedService,
  spawnReplica,
  spawnService,
} from '../support/processes/spawn-service.ts';
import { hiccup, timed } from '../support/clients/timing.ts';

const short = { ...quietWorker, DATABASE_CONNECT_TIMEOUT: '200ms', DATABASE_DEADLINE: '500ms' };
/** The longest that one statement can take with the configuration above. */
const longest = 500 + 200;

describe('a service whose network to Postgres is broken', () => {
  /** Provides database and gateway; the instance under test reaches the database through the proxy. */
  let surroundings: SpawnedService;
  let proxy: TcpProxy;
  let service: Replica;
  let stack: AsyncDisposableStack;
  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    surroundings = stack.use(await spawnService(quietWorker));
    proxy = stack.use(await startTcpProxy(surroundings.database.url));
    await proxy.close();
    service = stack.use(await spawnReplica(surroundings, { ...short, DATABASE_URL: proxy.url }));
  });
  afterEach(() => stack.disposeAsync());

  const readiness = () => readinessOf(service);

  async function expectUnavailable() {
    const { result, took } = await timed(() => service.api.place());
    expect(result.status).toBe(503);
    expect(Number(result.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(took).toBeLessThan(longest + hiccup);
  }

  const recovers = async () => {
    await expect.poll(async () => (await readiness()).status).toBe(200);
    await expect.poll(async () => (await service.api.place()).status).toBe(201);
  };

  test('a service without Postgres starts, is not ready, refuses orders, and recovers by itself', async () => {
    const before = await readiness();
    expect(before.status).toBe(503);
    expect(before.body.checks['postgres']).toMatchObject({ ok: false });
    expect((await fetch(`${service.adminUrl}/livez`)).status).toBe(200);
    await expectUnavailable();

    await proxy.open();
    await recovers();
  });

  test('a service cut off from Postgres refuses orders, and recovers by itself', async () => {
    await proxy.open();
    await recovers();
    await proxy.close();
    await expectUnavailable();
    expect((await readiness()).status).toBe(503);
    await proxy.open();
    await recovers();
  });

  test('a service whose packets to Postgres are dropped refuses orders in time, and recovers by itself', async () => {
    await proxy.open();
    await Promise.all(Array.from({ length: 5 }, () => service.api.place()));
    proxy.setToxics([{ type: 'timeout' }]);

    // First over connections that look alive, then over new ones that are never established.
    for (let order = 0; order < 3; order += 1) await expectUnavailable();
    expect((await readiness()).status).toBe(503);
    const { result, took } = await timed(() =>
      Promise.all(Array.from({ length: 30 }, () => service.api.place())),
    );
    expect(new Set(result.map(({ status }) => status))).toEqual(new Set([503]));
    expect(took).toBeLessThan(longest + hiccup);

    proxy.setToxics([]);
    await recovers();
  });

  test('a service cut off from Postgres in the middle of many orders answers every one of them', async () => {
    const { promise: cutOff, resolve: answer } = Promise.withResolvers<void>();
    await using gateway = await startScriptedGateway((charge) => cutOff.then(() => approve(charge)));
    await proxy.open();
    await using busy = await spawnReplica(
      { database: surroundings.database, gateway },
      { ...short, DATABASE_URL: proxy.url, PAYMENT_ATTEMPT_TIMEOUT: '20s', PAYMENT_DEADLINE: '20s' },
    );
    const orders = Array.from({ length: 30 }, () => busy.api.place());
    await expect.poll(() => gateway.charges.length, { interval: 10 }).toBeGreaterThan(5);
    await proxy.close();
    answer();
    const statuses = (await Promise.all(orders)).map(({ status }) => status);
    expect(statuses.filter((status) => ![201, 202, 503].includes(status))).toEqual([]);
    // These were charged, and the connection broke before the outcome was stored.
    expect(statuses).toContain(202);
    await proxy.open();
    await expect.poll(async () => (await busy.api.place()).status).toBe(201);
  });
});
