import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type ProblemBody, teaOrder } from '../support/clients/api-client.ts';
import { metricOf, occupy, patiently, type Placing, spawnHeld } from '../support/clients/held-orders.ts';
import type { SpawnedService } from '../support/processes/spawn-service.ts';
import { linesOf } from '../support/processes/spawn-with-script.ts';
import { hiccup, timed } from '../support/clients/timing.ts';

const ordersIn = async ({ database }: SpawnedService) =>
  (await database.sql<{ id: string; status: string }>('SELECT id, status FROM orders')).length;
const statusesOf = async (placing: readonly Placing[]) =>
  new Set((await Promise.all(placing)).map(({ status }) => status));

describe('a request beyond the limit', () => {
  test('a request beyond the limit gets 429 with Retry-After at once, and nothing is stored or charged', async () => {
    await using held = await spawnHeld();
    const { service, gateway, release } = held;
    const placing = await occupy(held, 9);
    const { status, headers, body } = await service.api.refused('POST', '/orders', {
      body: JSON.stringify(teaOrder),
      headers: { 'content-type': 'application/json', 'x-request-id': 'refused-one' },
    });

    expect([status, headers.get('content-type')]).toEqual([429, 'application/problem+json; charset=utf-8']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(5);
    expect(body).toEqual({
      type: '/problems/overloaded',
      title: expect.stringMatching(/./),
      status: 429,
      detail: expect.stringMatching(/./),
      code: 'overloaded',
      requestId: 'refused-one',
    });
    expect(headers.get('x-request-id')).toBe('refused-one');
    expect(await ordersIn(service)).toBe(9);

    release();
    expect(await statusesOf(placing)).toEqual(new Set([201]));
    expect(gateway.charges).toHaveLength(9);
    expect((await service.api.place()).status).toBe(201);
  });

  test('requests beyond the limit get random values of Retry-After', async () => {
    await using held = await spawnHeld();
    const placing = await occupy(held, 9);
    const refused = await Promise.all(Array.from({ length: 40 }, () => held.service.api.place()));
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([429]));
    expect(new Set(refused.map(({ headers }) => headers.get('retry-after'))).size).toBeGreaterThan(1);
    held.release();
    await Promise.all(placing);
  });

  test('health checks, metrics and documentation are answered while orders are shed', async () => {
    await using held = await spawnHeld();
    const { service } = held;
    const placing = await occupy(held, 9);
    expect((await service.api.place()).status).toBe(429);
    for (const path of ['/livez', '/readyz', '/metrics']) {
      expect([path, (await fetch(`${service.adminUrl}${path}`)).status]).toEqual([path, 200]);
    }
    for (const path of ['/openapi.json', '/docs']) {
      expect([path, (await fetch(`${service.url}${path}`)).status]).toEqual([path, 200]);
    }
    expect(await metricOf(service, 'admission_in_flight')).toBe(9);
    expect(await metricOf(service, 'admission_limit')).toBe(10);
    expect(await metricOf(service, 'requests_shed_total', { reason: 'queue_full' })).toBe(1);
    held.release();
    await Promise.all(placing);
    expect(await metricOf(service, 'admission_in_flight')).toBe(0);
  });

  test('a request beyond the limit leaves its connection usable although its body was not read', async () => {
    await using held = await spawnHeld();
    const { service } = held;
    const placing = await occupy(held, 9);
    const answers = await sendInPieces(service.url);
    expect(answers).toEqual(['HTTP/1.1 429 Too Many Requests', 'HTTP/1.1 404 Not Found']);
    held.release();
    await Promise.all(placing);
  });

  test('no request is shed when admission control is off', async () => {
    await using held = await spawnHeld({ ADMISSION: 'off' });
    const placing = await occupy(held, 30);
    held.release();
    expect(await statusesOf(placing)).toEqual(new Set([201]));
  });
});

/** Sends an order whose answer comes before the end of its body, then another request over the same connection. */
async function sendInPieces(url: string): Promise<string[]> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  let text = '';
  socket.on('data', (chunk: string) => (text += chunk));
  const body = JSON.stringify({ ...teaOrder, padding: 'x'.repeat(60_000) });
  const authorization = 'authorization: Bearer shop-key\r\n';
  socket.write(
    `POST /orders HTTP/1.1\r\nhost: x\r\n${authorization}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 30_000)}`,
  );
  await expect.poll(() => text, patiently).toContain('overloaded');
  socket.write(body.slice(30_000));
  socket.write(
    `GET /orders/${randomUUID()} HTTP/1.1\r\nhost: x\r\n${authorization}connection: close\r\n\r\n`,
  );
  await once(socket, 'close');
  return text.split(/\r\n|(?=HTTP)/).filter((line) => line.startsWith('HTTP/1.1'));
}

test('lists are shed first and new orders next; reads, cancellations and repeated requests last', async () => {
  await using held = await spawnHeld();
  const { service } = held;
  const key = { 'idempotency-key': randomUUID() };
  const statusOf = async (method: string, path: string) => (await service.api.request(method, path)).status;
  const placing = [...(await occupy(held, 1, key)), ...(await occupy(held, 4))];

  expect(await statusOf('GET', '/orders')).toBe(429);
  placing.push(...(await occupy(held, 4)));
  expect((await service.api.place()).status).toBe(429);

  expect(await statusOf('GET', `/orders/${randomUUID()}`)).toBe(404);
  expect(await statusOf('POST', `/orders/${randomUUID()}/cancel`)).toBe(404);
  const repeated = await service.api.place(teaOrder, key);
  expect(repeated).toMatchObject({ status: 409, body: { code: 'idempotency_in_progress' } });
  held.release();
  expect(await statusesOf(placing)).toEqual(new Set([201]));
  expect(await statusOf('GET', '/orders')).toBe(200);
});

describe('a queued request', () => {
  const waiting = { ADMISSION_QUEUE: '5', ADMISSION_QUEUE_TIMEOUT: '20s' };
  const queueDepth = (service: SpawnedService) => metricOf(service, 'admission_queue_depth');

  test('a queued request starts when another one finishes', async () => {
    await using held = await spawnHeld(waiting);
    const placing = await occupy(held, 9);
    const last = held.service.api.place({ ...teaOrder, customerId: 'last' });
    await expect.poll(() => queueDepth(held.service), patiently).toBe(1);
    expect(held.gateway.charges).toHaveLength(9);
    held.release();
    expect(await last).toMatchObject({ status: 201, body: { customerId: 'last' } });
    await Promise.all(placing);
    // It keeps its own request log, although another request freed its slot.
    const line = linesOf(held.service, 'http.request', (await last).body.id);
    expect(line).toMatchObject([{ request_id: (await last).headers.get('x-request-id'), status: 201 }]);
  });

  test('a queued request is shed at the queue timeout', async () => {
    await using held = await spawnHeld({ ...waiting, ADMISSION_QUEUE_TIMEOUT: '2s' });
    const placing = await occupy(held, 9);
    const { result, took } = await timed(() => held.service.api.place());
    expect([result.status, (result.body as unknown as ProblemBody).code]).toEqual([429, 'overloaded']);
    expect(took).toBeGreaterThan(1900);
    expect(took).toBeLessThan(2000 + hiccup);
    expect(await metricOf(held.service, 'requests_shed_total', { reason: 'queue_timeout' })).toBe(1);
    held.release();
    await Promise.all(placing);
    expect(await ordersIn(held.service)).toBe(9);
  });

  test('a queued request is never started once its client hangs up', async () => {
    await using held = await spawnHeld(waiting);
    const { service } = held;
    const placing = await occupy(held, 9);
    const leaving = httpRequest(`${service.url}/orders`, {
      method: 'POST',
      headers: {
        authorization: 'Bearer shop-key',
        'content-type': 'application/json',
        'x-request-id': 'gone-one',
      },
    });
    leaving.on('error', () => {});
    leaving.end(JSON.stringify(teaOrder));
    await expect.poll(() => queueDepth(service), patiently).toBe(1);
    leaving.destroy();
    await expect.poll(() => queueDepth(service), patiently).toBe(0);

    expect(await metricOf(service, 'requests_shed_total', { reason: 'client_gone' })).toBe(1);
    const lines = () => linesOf(service, 'http.request').filter((line) => line['request_id'] === 'gone-one');
    await expect.poll(lines, patiently).toMatchObject([{ status: 499, shed: 'client_gone' }]);
    held.release();
    expect(await statusesOf(placing)).toEqual(new Set([201]));
    expect(await ordersIn(service)).toBe(9);
    expect(await metricOf(service, 'http_requests_in_flight')).toBe(0);
    expect(await metricOf(service, 'admission_in_flight')).toBe(0);
  });
});

test('a client that hangs up while its order is in flight holds its slot until the work is done', async () => {
  await using held = await spawnHeld();
  const { service, gateway } = held;
  const leaving = httpRequest(`${service.url}/orders`, {
    method: 'POST',
    headers: { authorization: 'Bearer shop-key', 'content-type': 'application/json' },
  });
  leaving.on('error', () => {});
  leaving.end(JSON.stringify(teaOrder));
  await expect.poll(() => gateway.charges.length, patiently).toBe(1);
  leaving.destroy();
  await expect.poll(() => metricOf(service, 'http_requests_in_flight'), patiently).toBe(0);
  expect(await metricOf(service, 'admission_in_flight')).toBe(1);
  held.release();
  await expect.poll(() => metricOf(service, 'admission_in_flight'), patiently).toBe(0);
  const [order] = await service.database.sql<{ status: string }>('SELECT status FROM orders');
  expect(order).toEqual({ status: 'paid' });
});

test('in a flood of orders, most refusals come before routing and look like the others, and the repeat of an order in flight is recognized', async () => {
  await using held = await spawnHeld();
  const { service } = held;
  const key = { 'idempotency-key': randomUUID() };
  const placing = [...(await occupy(held, 1, key)), ...(await occupy(held, 8))];
  const order = () =>
    service.api.refused('POST', '/orders', {
      body: JSON.stringify(teaOrder),
      headers: { 'content-type': 'application/json', 'x-request-id': 'one-of-many', ...newKey() },
    });
  // At the same time: the log has the first 20 refusals of each second.
  const refused = await Promise.all(Array.from({ length: 60 }, order));
  const inLog = linesOf(service, 'http.request').filter((line) => line['request_id'] === 'one-of-many');
  expect(inLog.length).toBeLessThan(60);

  // Only a request that reaches its client's rate limit has the headers of it, and only a traced one has a trace.
  const common = ({ status, headers, body }: (typeof refused)[number]) => ({
    status,
    body: { ...body, traceId: undefined },
    headers: Object.fromEntries(
      [...headers].filter(
        ([name]) => !/^(ratelimit.*|traceparent|date|retry-after|connection|keep-alive)$/.test(name),
      ),
    ),
  });
  const [first, ...others] = refused.map(common);
  for (const other of others) expect(other).toEqual(first);
  for (const { headers } of refused) expect(headers.get('retry-after')).toMatch(/^[1-5]$/);
  expect(
    await metricOf(service, 'http_requests_total', { route: '/orders', status_code: '429', method: 'POST' }),
  ).toBe(60);

  const repeated = await service.api.place(teaOrder, key);
  expect(repeated).toMatchObject({ status: 409, body: { code: 'idempotency_in_progress' } });
  expect((await service.api.get(`/orders/${randomUUID()}`)).status).toBe(404);
  held.release();
  await Promise.all(placing);
});

const newKey = () => ({ 'idempotency-key': randomUUID() });

test('many shed requests leave few log lines, a count of the rest, and one line at the end', async () => {
  await using held = await spawnHeld();
  const { service } = held;
  const placing = await occupy(held, 9);
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(Array.from({ length: 10 }, () => service.api.place()));
  }
  await expect.poll(() => linesOf(service, 'admission.recovered'), patiently).toHaveLength(1);

  const lines = linesOf(service, 'http.request').filter((line) => line['status'] === 429);
  const windows = linesOf(service, 'admission.shedding') as Array<{
    level: string;
    requests_shed: { queue_full: number };
    lines_suppressed: number;
  }>;
  expect(windows.every(({ level }) => level === 'warn')).toBe(true);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  expect(sum(windows.map((window) => window.requests_shed.queue_full))).toBe(100);
  expect(sum(windows.map((window) => window.lines_suppressed)) + lines.length).toBe(100);
  expect(lines.length).toBeLessThanOrEqual(20 * windows.length);
  expect(lines[0]).toMatchObject({ shed: 'queue_full', route: '/orders', client_id: 'shop' });
  expect(linesOf(service, 'admission.recovered')).toMatchObject([{ level: 'info' }]);
  held.release();
  await Promise.all(placing);
});
