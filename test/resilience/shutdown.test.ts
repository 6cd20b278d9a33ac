import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startSimulator } from '../../lab/simulator/server.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';
import { createApiClient, teaOrder } from '../support/clients/api-client.ts';
import { createTestDatabase } from '../support/processes/database.ts';
import { createGatewayControl } from '../../lab/harness/gateway-control.ts';
import { type Attempt, keepPlacingOrders } from '../support/clients/load-client.ts';
import { type ServiceProcess, spawnServiceProcess } from '../../lab/harness/service-process.ts';
import { approve, startScriptedGateway } from '../support/processes/scripted-gateway.ts';
import { serviceEnvironment } from '../support/processes/spawn-service.ts';
import { insertsIn, whileLocked } from '../support/clients/deadlines.ts';
import { timed } from '../support/clients/timing.ts';

/** Milliseconds that a busy machine may add to a shutdown. */
const slack = 3000;
const patiently = { timeout: 10_000, interval: 10 };

async function spawnProcess(env: Record<string, string> = {}) {
  await using started = new AsyncDisposableStack();
  const database = await createTestDatabase();
  started.defer(() => database.drop());
  const simulator = await startSimulator({
    host: '127.0.0.1',
    port: 0,
    logger: createLogger({ service: 'payment-gateway-simulator', level: 'silent' }),
  });
  started.defer(() => simulator.close());
  const service = await spawnServiceProcess({
    env: {
      ...serviceEnvironment(database.url, simulator.url),
      PAYMENT_ATTEMPT_TIMEOUT: '20s',
      PAYMENT_DEADLINE: '20s',
      ...env,
    },
  });
  started.defer(() => service.kill());
  const api = await createApiClient(service.url, 'shop-key');
  const owned = started.move();
  const gateway = createGatewayControl(simulator.url);
  return { database, gateway, service, api, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type Spawned = Awaited<ReturnType<typeof spawnProcess>>;

const readyStatus = async ({ adminUrl }: ServiceProcess) => (await fetch(`${adminUrl}/readyz`)).status;
const events = ({ logs }: ServiceProcess) => logs.map((line) => line['event']);
const ordersIn = ({ database }: Spawned) =>
  database.sql<{ id: string; key: string; status: string }>(
    'SELECT id, idempotency_key AS key, status FROM orders',
  );

/** Whether the API still accepts connections. */
async function accepts({ url }: ServiceProcess): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(Number(port), hostname, () => resolve(true));
  socket.on('error', () => resolve(false));
  return promise.finally(() => {
    socket.destroy();
  });
}

/** Sends an order that stays in flight until the gateway answers. */
async function sendOrder(spawned: Spawned, latencyMs: number) {
  await spawned.gateway.setFaults({ latencyMs });
  const answer = spawned.api.place().then(
    ({ status, headers }) => ({ status, connection: headers.get('connection') }),
    () => 'cut off',
  );
  await expect.poll(() => ordersIn(spawned), patiently).toHaveLength(1);
  return { answer };
}

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s shuts an idle service down at once and cleanly, with exit code 0',
  async (signal) => {
    await using spawned = await spawnProcess();
    const { service, api } = spawned;
    // The connections to Postgres, to the gateway and to this client stay open.
    expect((await api.place()).status).toBe(201);
    service.child.kill(signal);
    const { result, took } = await timed(() => service.exited);

    expect(result).toEqual({ code: 0, signal: null });
    expect(took).toBeLessThan(slack);
    const ofService = events(service).filter((event) => String(event).startsWith('service.'));
    expect(ofService.slice(-2)).toEqual(['service.stopping', 'service.stopped']);
    expect(service.complaints()).toBe('');
  },
);

test('the end of the parent process shuts the service down cleanly', async () => {
  await using spawned = await spawnProcess();
  spawned.service.child.disconnect();
  expect(await spawned.service.exited).toEqual({ code: 0, signal: null });
  expect(events(spawned.service).at(-1)).toBe('service.stopped');
});

test('a shutdown first reports not ready, then refuses connections, then answers the requests in flight, then ends', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  await using gateway = await startScriptedGateway((charge) => released.then(() => approve(charge)));
  await using spawned = await spawnProcess({
    SHUTDOWN_DRAIN_DELAY: '3s',
    PAYMENT_GATEWAY_URL: gateway.url,
  });
  const { service, api } = spawned;
  const { answer } = await sendOrder(spawned, 0);
  const happened: string[] = [];
  service.child.kill('SIGTERM');

  await expect.poll(() => readyStatus(service), patiently).toBe(503);
  // The load balancer has not noticed yet and still sends requests.
  const late = await api.request('GET', '/orders');
  expect([late.status, late.headers.get('connection')]).toEqual([200, 'close']);
  expect((await fetch(`${service.adminUrl}/livez`)).status).toBe(200);
  const answered = answer.then((outcome) => {
    happened.push('answers the requests in flight');
    return outcome;
  });
  const ended = service.exited.then((exit) => {
    happened.push('ends');
    return exit;
  });

  await expect.poll(() => accepts(service), patiently).toBe(false);
  happened.push('refuses connections');
  release();
  expect(await answered).toEqual({ status: 201, connection: 'close' });
  expect(await ended).toEqual({ code: 0, signal: null });
  expect(happened).toEqual(['refuses connections', 'answers the requests in flight', 'ends']);
  expect(await ordersIn(spawned)).toMatchObject([{ status: 'paid' }]);
});

test('a connection that never sent a request does not delay the shutdown', async () => {
  await using spawned = await spawnProcess();
  const { hostname, port } = new URL(spawned.service.url);
  const silent = connect(Number(port), hostname);
  await once(silent, 'connect');
  const { result, took } = await timed(() => spawned.service.stop());
  expect(result).toEqual({ code: 0, signal: null });
  expect(took).toBeLessThan(2 * slack);
  silent.destroy();
});

test('a shutdown waits for an order whose client has hung up, and settles it', async () => {
  await using spawned = await spawnProcess({
    DATABASE_STATEMENT_TIMEOUT: '20s',
    DATABASE_DEADLINE: '20s',
    SHUTDOWN_DEADLINE: '60s',
  });
  const { service, api, database, gateway } = spawned;
  await whileLocked(spawned, async () => {
    const client = new AbortController();
    const body = JSON.stringify(teaOrder);
    const headers = { 'content-type': 'application/json' };
    const answer = api.request('POST', '/orders', { body, headers, signal: client.signal });
    await expect.poll(() => insertsIn(database), patiently).toHaveLength(1);
    client.abort();
    await expect(answer).rejects.toThrow('aborted');
    service.child.kill('SIGTERM');
    await expect.poll(() => accepts(service), patiently).toBe(false);
  });

  expect(await service.exited).toEqual({ code: 0, signal: null });
  expect(events(service)).not.toContain('order.outcome_not_stored');
  const orders = await ordersIn(spawned);
  expect(orders).toMatchObject([{ status: 'paid' }]);
  expect((await gateway.ledger()).charges).toMatchObject([{ key: orders[0]?.id, captures: 1 }]);
});

test('a shutdown beyond its deadline cuts requests off, with exit code 1 and a message', async () => {
  await using spawned = await spawnProcess({ SHUTDOWN_DEADLINE: '1s' });
  const { service } = spawned;
  const { answer } = await sendOrder(spawned, 10_000);
  const { result, took } = await timed(() => service.stop());

  expect(result).toEqual({ code: 1, signal: null });
  expect(took).toBeGreaterThanOrEqual(990);
  expect(took).toBeLessThan(1000 + slack);
  expect(service.complaints()).toBe('Shutdown took longer than 1000 ms and was cut off.\n');
  expect(await answer).toBe('cut off');
  // The order is not lost: a worker will settle it.
  expect(await ordersIn(spawned)).toMatchObject([{ status: 'pending' }]);
});

test('a second SIGTERM ends the service at once, with exit code 1, and a second SIGHUP does not', async () => {
  await using spawned = await spawnProcess({ SHUTDOWN_DRAIN_DELAY: '20s', SHUTDOWN_DEADLINE: '30s' });
  const { service } = spawned;
  service.child.kill('SIGHUP');
  await expect.poll(() => readyStatus(service), patiently).toBe(503);
  // Any sooner, the signal would count as the duplicate that npm sends.
  await delay(250);
  service.child.kill('SIGHUP');
  // The first request may overtake the signal.
  expect([await readyStatus(service), await readyStatus(service)]).toEqual([503, 503]);
  service.child.kill('SIGTERM');
  const { result, took } = await timed(() => service.exited);
  expect(result).toEqual({ code: 1, signal: null });
  expect(took).toBeLessThan(slack);
});

test('a signal that arrives twice, as npm forwards Ctrl-C, counts once and cuts no request', async () => {
  await using spawned = await spawnProcess();
  const { service } = spawned;
  const { answer } = await sendOrder(spawned, 500);
  service.child.kill('SIGINT');
  service.child.kill('SIGINT');
  const { code } = await service.exited;
  expect([code, service.complaints()]).toEqual([0, '']);
  expect(await answer).toMatchObject({ status: 201 });
});

/** Every answer is true: the database holds the order in the answered state, and paid orders are charged once. */
async function expectTrueAnswers(spawned: Spawned, attempts: readonly Attempt[]) {
  const orders = new Map((await ordersIn(spawned)).map((order) => [order.key, order]));
  const { charges } = await spawned.gateway.ledger();
  const captures = new Map(charges.map((charge) => [charge.key, charge.captures]));
  const answered = attempts.filter((attempt) => attempt.kind === 'answered');
  const untrue = answered.filter(({ key, orderStatus }) => {
    const order = orders.get(key);
    return order?.status !== orderStatus || captures.get(order.id) !== 1;
  });
  expect(untrue).toEqual([]);
  expect(new Set(answered.map(({ status }) => status))).toEqual(new Set([201]));
  expect(orders.size).toBe(answered.length);
}

async function spawnBusyProcess(env: Record<string, string> = {}) {
  const spawned = await spawnProcess(env);
  await spawned.gateway.setFaults({ latencyMs: 5, latencyJitterMs: 20 });
  return spawned;
}

describe('under load', () => {
  const clients = 20;
  const busy = 200;

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s under load cuts no request, and refuses later clients before they can send one',
    async (signal) => {
      await using spawned = await spawnBusyProcess();
      const { service } = spawned;
      const attempts: Attempt[] = [];
      const running = Array.from({ length: clients }, () => keepPlacingOrders(service.url, attempts));
      await expect.poll(() => attempts.length, patiently).toBeGreaterThan(busy);
      service.child.kill(signal);

      expect(await service.exited).toEqual({ code: 0, signal: null });
      await Promise.all(running);
      const lost = attempts.filter((attempt) => attempt.kind === 'lost').map(({ reason }) => reason);
      expect(lost).toEqual(Array.from({ length: clients }, () => 'ECONNREFUSED'));
      await expectTrueAnswers(spawned, attempts);
    },
  );

  test('a shutdown under load with a drain delay is invisible to clients behind a load balancer', async () => {
    await using spawned = await spawnBusyProcess({ SHUTDOWN_DRAIN_DELAY: '1500ms' });
    const { service } = spawned;
    let ready = true;
    const attempts: Attempt[] = [];
    const running = Array.from({ length: clients }, () =>
      keepPlacingOrders(service.url, attempts, () => ready),
    );
    await expect.poll(() => attempts.length, patiently).toBeGreaterThan(busy);
    service.child.kill('SIGTERM');
    await expect.poll(() => readyStatus(service), patiently).toBe(503);
    ready = false;

    expect(await service.exited).toEqual({ code: 0, signal: null });
    await Promise.all(running);
    expect(attempts.filter(({ kind }) => kind === 'lost')).toEqual([]);
    await expectTrueAnswers(spawned, attempts);
  });
});
