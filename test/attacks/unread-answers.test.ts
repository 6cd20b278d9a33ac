import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createApiClient, teaOrder } from '../support/clients/api-client.ts';
import {
  type AttackedService,
  spawnAttackedService,
  startBystander,
} from '../support/processes/attacked-service.ts';
import { noLimits } from '../support/clients/settings.ts';
import { get } from './attack.ts';

const patiently = { timeout: 30_000, interval: 50 };
const bound = 2 * 1024 ** 2;

/** Opens connections that send a request many times over, in one piece, and read nothing. */
async function sendUnread(url: string, count: number, request: string): Promise<Socket[]> {
  const { hostname, port } = new URL(url);
  const sockets = Array.from({ length: count }, () => connect(Number(port), hostname).pause());
  for (const socket of sockets) socket.on('error', () => {});
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  for (const socket of sockets) socket.write(request);
  return sockets;
}

/** Stores orders of a hundred items each, for both clients: pages of the largest size. */
async function storeLargeOrders({ service, database }: AttackedService): Promise<void> {
  for (const key of ['pos-key', 'shop-key']) {
    const api = await createApiClient(service.url, key);
    const items = Array.from({ length: 100 }, (_, index) => ({
      sku: `${'S'.repeat(60)}-${index}`,
      quantity: 10_000,
      unitPriceMinor: 100_000_000,
    }));
    expect((await api.place({ ...teaOrder, items })).status).toBe(201);
  }
  await database.sql(`
    INSERT INTO orders (id, client_id, request_hash, customer_id, currency, items, total_minor, status, payment_id, created_at, updated_at)
    SELECT uuidv7(), client_id, request_hash, customer_id, currency, items, total_minor, status, payment_id, created_at, updated_at
    FROM orders, generate_series(1, 12)`);
}

test('a client that pipelines lists and reads nothing does not fill the heap, or take a place from others', async () => {
  await using attacked = await spawnAttackedService({
    ...noLimits,
    ADMISSION: 'on',
    // The heap of docker-compose.yml.
    NODE_OPTIONS: '--max-old-space-size=96 --max-semi-space-size=8',
  });
  const { service, measure } = attacked;
  await storeLargeOrders(attacked);
  const unread = () => measure('http_unread_answer_bytes', { listener: 'public' });
  const shop = await createApiClient(service.url, 'shop-key');
  const page = await shop.get<{ orders: unknown[] }>('/orders?limit=100');
  expect(page.body.orders).toHaveLength(10);
  expect(JSON.stringify(page.body).length).toBeLessThan(200_000);
  const bystander = await startBystander(service.url);

  const sockets = await sendUnread(service.url, 24, get('', '/orders?limit=10').repeat(90));
  await expect.poll(unread, patiently).toBeGreaterThan(bound);
  // The requests that were admitted before the bound was reached add a page each.
  expect(await unread()).toBeLessThan(bound + 24 * 200_000);

  const pos = await createApiClient(service.url, 'pos-key');
  const refused = await pos.refused('GET', '/orders');
  expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
  expect(refused.body.detail).toContain('wait for you to read them');
  // Small answers need no such bound.
  expect((await pos.place()).status).toBe(201);
  // Others read lists once those that nobody reads have given back their slots.
  await expect.poll(() => measure('admission_in_flight'), patiently).toBeLessThan(10);
  expect((await shop.get('/orders?limit=100')).status).toBe(200);
  await bystander.afterMore(5);
  await bystander.stop();
  expect(new Set(bystander.statuses)).toEqual(new Set([201]));

  for (const socket of sockets) socket.destroy();
  await expect.poll(unread, patiently).toBe(0);
  expect((await pos.get('/orders?limit=1')).status).toBe(200);
  expect(service.child.exitCode).toBeNull();
});

test('documents and exports that nobody reads are bounded, and probes are still answered', async () => {
  await using attacked = await spawnAttackedService();
  const { service, measure } = attacked;
  const memory = await measure('process_resident_memory_bytes');
  const sockets = [
    ...(await sendUnread(service.url, 40, get('', '/openapi.json').repeat(90))),
    ...(await sendUnread(service.adminUrl, 40, get('', '/metrics').repeat(90))),
  ];
  const { hostname, port } = new URL(service.adminUrl);
  const readyz = () => fetch(`http://${hostname}:${port}/readyz`);
  await expect.poll(async () => (await readyz()).status, patiently).toBe(200);
  await expect
    .poll(async () => (await measure('process_resident_memory_bytes')) - memory, patiently)
    .toBeLessThan(100 * 1024 ** 2);
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => measure('http_unread_answer_bytes'), patiently).toBeLessThan(200_000);
});
