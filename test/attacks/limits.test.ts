import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import {
  type AttackedService,
  spawnAttackedService,
  startBystander,
} from '../support/processes/attacked-service.ts';
import { openConnection, type RawConnection } from '../support/clients/raw-connection.ts';
import { teaOrder } from '../support/clients/api-client.ts';
import { get, order, post, posting } from './attack.ts';

const patiently = { timeout: 20_000, interval: 50 };
const publicListener = { listener: 'public' };
const openConnections = ({ measure }: AttackedService) => measure('http_connections', publicListener);

/** Opens connections that send nothing, whether the service accepts or refuses them. */
async function openIdle(url: string, count: number) {
  const { hostname, port } = new URL(url);
  const sockets = Array.from({ length: count }, () => connect(Number(port), hostname));
  for (const socket of sockets) socket.on('error', () => {});
  await Promise.all(sockets.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])));
  return sockets;
}

test('500 idle connections reach the limit, do not affect other clients, and are closed in time', async () => {
  await using attacked = await spawnAttackedService({
    HTTP_MAX_CONNECTIONS: '50',
    HTTP_HEADERS_TIMEOUT: '4s',
  });
  const { service, measure } = attacked;
  const bystander = await startBystander(service.url);
  await bystander.afterMore(1);

  const idle = await openIdle(service.url, 500);
  await expect.poll(() => measure('http_connections_refused_total', publicListener)).toBeGreaterThan(400);
  expect(await openConnections(attacked)).toBe(50);
  await bystander.afterMore(5);
  // The admin listener still answers.
  expect((await fetch(`${service.adminUrl}/readyz`)).status).toBe(200);

  await expect.poll(() => openConnections(attacked), patiently).toBeLessThan(10);
  await using late = await openConnection(service.url);
  late.send(get());
  expect((await late.answer())?.status).toBe(200);
  await bystander.stop();
  expect(new Set(bystander.statuses)).toEqual(new Set([201]));
  for (const socket of idle) socket.destroy();

  const refusals = service.logs.filter(({ event }) => event === 'http.connection_refused');
  expect(refusals[0]).toMatchObject({ level: 'warn', listener: 'public' });
  expect(refusals.length).toBeLessThan(20);
});

test('500 connections do not take the open files of the pools and the admin listener when the process may open 128', async () => {
  await using attacked = await spawnAttackedService({}, { openFiles: 128 });
  const { service, measure } = attacked;
  const bystander = await startBystander(service.url);
  await bystander.afterMore(1);

  const idle = await openIdle(service.url, 500);
  await expect.poll(() => measure('http_connections_refused_total', publicListener)).toBeGreaterThan(400);
  expect(await measure('process_open_fds')).toBeLessThan(128);
  await bystander.afterMore(5);
  expect((await fetch(`${service.adminUrl}/readyz`)).status).toBe(200);
  await bystander.stop();
  expect(new Set(bystander.statuses)).toEqual(new Set([201]));
  for (const socket of idle) socket.destroy();

  const said = service.logs.filter(({ event }) => event === 'service.few_open_files');
  expect(said).toEqual([
    expect.objectContaining({ level: 'warn', max_connections: 19, open_files_wanted: 2238 }),
  ]);
});

test('a connection without a request is closed after the keep-alive time', async () => {
  await using attacked = await spawnAttackedService({ HTTP_KEEP_ALIVE_TIMEOUT: '1s' });
  await using connection = await openConnection(attacked.service.url);
  connection.send(get());
  const answer = await connection.answer();
  expect(answer?.status).toBe(200);
  expect(answer?.headers.get('keep-alive')).toBe('timeout=1');
  expect(await connection.answer()).toBeUndefined();
});

/** Places orders of 100 items: ten of them fill a page of 150 kB. */
async function placeLargeOrders(url: string, count: number): Promise<void> {
  await using customer = await openConnection(url);
  const item = { sku: 'x'.repeat(64), quantity: 10_000, unitPriceMinor: 100_000 };
  const large = { ...teaOrder, items: Array.from({ length: 100 }, () => item) };
  for (let placed = 0; placed < count; placed += 1) {
    customer.send(post(JSON.stringify(large)));
    expect((await customer.answer())?.status).toBe(201);
  }
}

test('a client that does not read its answers is disconnected, and they do not pile up in memory', async () => {
  await using attacked = await spawnAttackedService({ HTTP_SEND_TIMEOUT: '3s' });
  const { service, measure } = attacked;
  await placeLargeOrders(service.url, 10);
  const bystander = await startBystander(service.url);
  const memory = await measure('process_resident_memory_bytes');
  await using connection = await openConnection(service.url);
  connection.socket.pause();
  connection.send(get('', '/orders?limit=100').repeat(100));

  // One answer at a time is made for it.
  await expect.poll(() => measure('http_requests_in_flight'), patiently).toBe(1);
  const grown = (await measure('process_resident_memory_bytes')) - memory;
  expect(grown / 1024 ** 2).toBeLessThan(100);
  await bystander.stop();
  await expect.poll(() => measure('http_requests_in_flight'), patiently).toBe(0);
  await expect.poll(() => openConnections(attacked), patiently).toBeLessThan(3);
  expect(new Set(bystander.statuses)).toEqual(new Set([201]));
});

test('many malformed requests leave a few log lines, and the metrics count all of them', async () => {
  await using attacked = await spawnAttackedService();
  const { service, measure } = attacked;
  const garbage = 300;
  for (let sent = 0; sent < garbage; sent += 1) {
    await using connection = await openConnection(service.url);
    connection.send('what is this\r\n\r\n');
    expect((await connection.answer())?.status).toBe(400);
  }
  expect(await measure('http_requests_unreadable_total', publicListener)).toBe(garbage);

  const lines = () => service.logs.filter(({ event }) => event === 'http.unreadable');
  const reported = () => lines().reduce((sum, { more = 1 }) => sum + Number(more), 0);
  await expect.poll(reported, patiently).toBe(garbage);
  expect(lines().length).toBeLessThan(garbage / 2);
});

test('a shutdown answers requests in flight and does not wait for clients that are still sending', async () => {
  await using attacked = await spawnAttackedService({
    PAYMENT_ATTEMPT_TIMEOUT: '10s',
    PAYMENT_DEADLINE: '10s',
  });
  const { service, gateway, database } = attacked;
  await gateway.setFaults({ latencyMs: 1000 });
  const opening = [
    'GET /ord',
    get().slice(0, -2),
    `${get()}GET /ord`,
    `${posting}content-length: 1000\r\n\r\n`,
    `${posting}transfer-encoding: chunked\r\n\r\n1\r\n{\r\n`,
  ];
  const slow: RawConnection[] = [];
  for (const bytes of opening) {
    const connection = await openConnection(service.url);
    connection.send(bytes);
    slow.push(connection);
  }
  await using waiting = await openConnection(service.url);
  waiting.send(`${posting}content-length: ${order.length}\r\n\r\n${order}`);
  await expect.poll(() => database.sql('SELECT FROM orders'), patiently).toHaveLength(1);

  service.child.kill('SIGTERM');
  expect((await waiting.answer())?.status).toBe(201);
  // A shutdown cut off at its deadline of ten seconds would exit with 1.
  expect(await service.exited).toEqual({ code: 0, signal: null });
  for (const connection of slow) await connection[Symbol.asyncDispose]();
});
