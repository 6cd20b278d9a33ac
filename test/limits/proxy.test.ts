import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../lab/harness/free-port.ts';
import { type HaProxy, startHaProxy } from '../../lab/harness/haproxy.ts';
import { startTcpProxy } from '../../lab/simulator/network/tcp-proxy.ts';
import { problems } from '../../src/http/problem-details.ts';
import { createApiClient, type ProblemBody, teaOrder } from '../support/clients/api-client.ts';
import { haproxyMetric } from '../support/clients/haproxy-metric.ts';
import { metricOf, occupy, patiently, spawnHeld } from '../support/clients/held-orders.ts';
import { quietWorker } from '../support/clients/settings.ts';
import { openConnection } from '../support/clients/raw-connection.ts';
import { spawnReplica, spawnSurroundings } from '../support/processes/spawn-service.ts';

/** The service behind HAProxy, with the configuration of the stack. */

const problemOf = (answer: { status: number; body: unknown }) => [
  answer.status,
  (answer.body as ProblemBody).code,
];

test('an answer of the admin port that comes too late has the status that its body says', async () => {
  await using silent = createHttpServer(() => undefined);
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  await using proxy = await startHaProxy([{ url, adminUrl: url }], (config) =>
    config
      .replaceAll('default-server check', 'default-server')
      .replaceAll(/timeout server \d+s/g, 'timeout server 50ms'),
  );
  const answer = await fetch(`${proxy.adminUrl}/profile/heap`, { method: 'POST' });
  const requestId = answer.headers.get('x-request-id');
  expect([answer.status, await answer.json()]).toMatchObject([
    502,
    { code: 'outcome_unknown', status: 502, requestId },
  ]);
  expect(requestId).toMatch(/^[\da-f]{8}-/);
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

describe('the proxy, when a replica does not answer', () => {
  let proxy: HaProxy;
  let url: string;
  const quits = createServer((socket) => socket.once('data', () => socket.destroy()));

  beforeAll(async () => {
    const port = await freePort();
    quits.listen(port, '127.0.0.1');
    url = `http://127.0.0.1:${port}`;
  });
  afterAll(() => quits.close());

  async function problemOver(header = ''): Promise<{ status: number; headers: Headers; body: ProblemBody }> {
    await using connection = await openConnection(proxy.url);
    connection.send(`GET /orders HTTP/1.1\r\nhost: x\r\n${header}\r\n`);
    const answer = await connection.answer();
    if (answer === undefined) throw new Error('The proxy did not answer.');
    return { ...answer, body: JSON.parse(answer.body) as ProblemBody };
  }

  test('a request that no replica can take gets 503 problem details with Retry-After, under one id', async () => {
    await using unreachable = await startHaProxy([]);
    proxy = unreachable;
    const { status, headers, body } = await problemOver();
    expect([status, headers.get('content-type')]).toEqual([503, 'application/problem+json; charset=utf-8']);
    expect(body).toEqual({
      type: '/problems/service_unavailable',
      title: problems.service_unavailable.title,
      status: 503,
      detail: expect.stringMatching(/./),
      code: 'service_unavailable',
      requestId: headers.get('x-request-id'),
    });
    expect(body.requestId).toMatch(/^[\da-f]{8}-/);
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(5);
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await problemOver('x-request-id: mine\r\n')).body.requestId).toBe('mine');
    expect((await problemOver('x-request-id: "not mine"\r\n')).body.requestId).toMatch(/^[\da-f]{8}-/);
    for (const elsewhere of [`${proxy.adminUrl}/status`, `http://${proxy.target}/nothing`]) {
      const answer = await fetch(elsewhere);
      const problem = (await answer.json()) as ProblemBody;
      expect([answer.status, problem.code]).toEqual([503, 'service_unavailable']);
      expect(problem.requestId).toBe(answer.headers.get('x-request-id'));
    }
  });

  test('a request whose replica dies gets 502 problem details: it may have taken effect', async () => {
    // No health check is answered by this replica, so it is up without one.
    await using dying = await startHaProxy([{ url, adminUrl: url }], (config) =>
      config.replaceAll('default-server check', 'default-server'),
    );
    proxy = dying;
    const { status, body, headers } = await problemOver();
    expect([status, body.code, body.status]).toEqual([502, 'outcome_unknown', 502]);
    expect(headers.get('x-request-id')).toBe(body.requestId);
  });

  test('a request whose replica cannot be reached gets 503, not 429: no replica is busy', async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    await using refusing = await startHaProxy([{ url: nowhere, adminUrl: nowhere }], (config) =>
      config.replaceAll('default-server check', 'default-server'),
    );
    proxy = refusing;
    const { status, body } = await problemOver();
    expect([status, body.code, body.status, body.title]).toEqual([
      503,
      'service_unavailable',
      503,
      problems.service_unavailable.title,
    ]);
  });

  test('bytes that are no request get no answer, instead of a page in HTML', async () => {
    await using idle = await startHaProxy([]);
    for (const bytes of ['NONSENSE', 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked']) {
      await using connection = await openConnection(idle.url);
      connection.send(`${bytes}\r\n\r\n`);
      expect(await connection.answer()).toBeUndefined();
    }
  });
});

test('the replica learns from the proxy alone in which scheme a client speaks, and under which host', async () => {
  await using replica = createHttpServer(({ headers }, response) => response.end(JSON.stringify(headers)));
  replica.listen(0, '127.0.0.1');
  await once(replica, 'listening');
  const url = `http://127.0.0.1:${(replica.address() as AddressInfo).port}`;
  await using proxy = await startHaProxy([{ url, adminUrl: url }], (config) =>
    config.replaceAll('default-server check', 'default-server'),
  );
  const forged = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'elsewhere' };
  const received = (await (await fetch(proxy.url, { headers: forged })).json()) as Record<string, string>;
  expect(received['x-forwarded-proto']).toBe('http');
  expect(received).not.toHaveProperty('x-forwarded-host');
});

test('new clients are served over connections that the replica has already, also when there are very many clients', async () => {
  let connections = 0;
  const replica = createHttpServer((_request, response) => response.end('{}'));
  replica.on('connection', () => (connections += 1));
  replica.listen(0, '127.0.0.1');
  await once(replica, 'listening');
  const url = `http://127.0.0.1:${(replica.address() as AddressInfo).port}`;
  // A health check would have a connection of its own each time, and no agent replaces the number of requests at a time.
  await using proxy = await startHaProxy([{ url, adminUrl: url }], (config) =>
    config.replaceAll('default-server check', 'default-server'),
  );
  const order = 'GET /orders/1 HTTP/1.1\r\nhost: x\r\n\r\n';
  await using clients = new AsyncDisposableStack();
  const one = clients.use(await openConnection(proxy.url));
  // HAProxy lets new clients share a connection that has served twice.
  for (let count = 0; count < 3; count += 1) {
    one.send(order);
    expect((await one.answer())?.status).toBe(200);
  }
  // By default, HAProxy keeps no connection while more than a fifth of its descriptors are in use: 800 of 4,000 here.
  for (let count = 0; count < 1200; count += 1) clients.use(await openConnection(proxy.url));
  for (let count = 0; count < 20; count += 1) {
    const next = clients.use(await openConnection(proxy.url));
    next.send(order);
    expect((await next.answer())?.status).toBe(200);
  }
  // One per thread of HAProxy.
  expect(connections).toBeLessThanOrEqual(availableParallelism());
  replica.close();
});

test('orders beyond what the replica takes get 429 from the proxy, while reads and cancellations wait and are answered', async () => {
  await using held = await spawnHeld({ ADMISSION: 'off' });
  await using proxy = await startHaProxy([held.service], (config) =>
    config.replace('maxconn 400', 'maxconn 3').replace('timeout queue 10ms', 'timeout queue 20s'),
  );
  const api = await createApiClient(proxy.url, 'shop-key');
  const through = { ...held, service: { ...held.service, api } };
  const isUp = async () => (await api.get(`/orders/${randomUUID()}`)).status;
  await expect.poll(isUp, patiently).toBe(404);
  const placing = await occupy(through, 3);

  const list = await api.refused('GET', '/orders', { headers: { 'x-request-id': 'a-list' } });
  expect(problemOf(list)).toEqual([429, 'overloaded']);
  expect(list.body.requestId).toBe('a-list');
  expect(list.headers.get('retry-after')).toMatch(/^[1-5]$/);

  // 32 orders wait, the others are refused at once.
  const many = Array.from({ length: 40 }, () => api.place());
  const refused: unknown[] = [];
  for (const order of many) {
    void order.then((answer) => {
      if (answer.status === 429) refused.push(problemOf(answer));
    });
  }
  await expect.poll(() => refused.length, patiently).toBe(8);
  const read = api.get(`/orders/${randomUUID()}`);
  const cancelled = api.refused('POST', `/orders/${randomUUID()}/cancel`);
  held.release();
  expect((await read).status).toBe(404);
  expect((await cancelled).status).toBe(404);
  const statuses = (await Promise.all([...placing, ...many])).map(({ status }) => status);
  expect(statuses.filter((status) => status === 201)).toHaveLength(3 + 32);
  expect(refused).toEqual(Array.from({ length: 8 }, () => [429, 'overloaded']));
});

test('a replica tells the proxy how many requests it takes at a time, and the proxy refuses the others', async () => {
  const agentPort = await freePort();
  await using held = await spawnHeld({ AGENT_PORT: String(agentPort) });
  await using proxy = await startHaProxy([{ ...held.service, agentPort }]);
  const maxconn = () => haproxyMetric(proxy, 'haproxy_server_limit_sessions', 'orders');
  await expect.poll(maxconn, patiently).toBe(9);
  const api = await createApiClient(proxy.url, 'shop-key');
  const placing = await occupy({ ...held, service: { ...held.service, api } }, 9);
  const many = await Promise.all(Array.from({ length: 20 }, () => api.place()));
  expect(many.map(({ status }) => status)).toEqual(Array.from(many, () => 429));
  expect(await metricOf(held.service, 'requests_shed_total', { reason: 'queue_full' })).toBe(0);
  // The alert RequestsShed adds these two.
  const denied = await haproxyMetric(proxy, 'haproxy_backend_requests_denied_total', 'orders');
  const heldTooLong = await haproxyMetric(proxy, 'haproxy_backend_connection_errors_total', 'orders');
  expect(denied + heldTooLong).toBe(20);
  // Orders do not use up the whole limit: a read through another way finds a slot.
  expect((await held.service.api.get(`/orders/${randomUUID()}`)).status).toBe(404);
  held.release();
  expect((await Promise.all(placing)).map(({ status }) => status)).toEqual(Array.from(placing, () => 201));
});

async function agentLine(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  return text(socket);
}

test('a replica tells the proxy that it is not ready, and that it drains', async () => {
  await using surroundings = await spawnSurroundings();
  const network = await startTcpProxy(surroundings.database.url);
  const agentPort = await freePort();
  await using replica = await spawnReplica(surroundings, {
    ...quietWorker,
    DATABASE_URL: network.url,
    AGENT_PORT: String(agentPort),
    SHUTDOWN_DRAIN_DELAY: '2s',
  });
  await expect.poll(() => agentLine(agentPort), patiently).toMatch(/^ready up maxconn:\d+\n$/);
  await network.close();
  await expect.poll(() => agentLine(agentPort), patiently).toBe('down#not ready\n');
  const closing = replica.close();
  expect(await agentLine(agentPort)).toBe('drain\n');
  await closing;
});

test('an order that waits in the queue of the proxy for too long gets 429, not 503', async () => {
  await using held = await spawnHeld({ ADMISSION: 'off' });
  await using proxy = await startHaProxy([held.service], (config) =>
    config.replace('maxconn 400', 'maxconn 3'),
  );
  const api = await createApiClient(proxy.url, 'shop-key');
  const placing = await occupy({ ...held, service: { ...held.service, api } }, 3);
  const { status, body, headers } = await api.refused('POST', '/orders', {
    body: JSON.stringify(teaOrder),
    headers: { 'content-type': 'application/json' },
  });
  expect([status, body.status, body.code, body.title]).toEqual([
    429,
    429,
    'overloaded',
    problems.overloaded.title,
  ]);
  expect(body.requestId).toBe(headers.get('x-request-id'));
  held.release();
  await Promise.all(placing);
});
