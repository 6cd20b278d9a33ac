import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OrderList } from '../../lab/console/domain-types.ts';
import { teaOrder } from '../support/clients/api-client.ts';
import { quietWorker } from '../support/clients/settings.ts';
import { startTestConsole, type TestConsole } from '../support/processes/console.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';

let service: SpawnedService;
let shown: TestConsole;
/** Ids in the order of placing: pending, paid, declined, and paid by another client. */
let placed: Array<string | undefined>;

beforeAll(async () => {
  service = await spawnService({ LOG_LEVEL: 'silent', ...quietWorker });
  shown = await startTestConsole();
  watch({ databaseUrl: service.database.url });
  await service.gateway.setFaults({ errorRate: 1 });
  const pending = await service.api.place();
  await service.gateway.clearFaults();
  const rest = [
    await service.api.place(),
    await service.api.place({ ...teaOrder, paymentToken: 'tok_declined', customerId: 'cus_declined' }),
    await service.otherApi.place(),
  ];
  placed = [pending, ...rest].map(({ headers }) => headers.get('location')?.split('/').at(-1));
});
afterAll(async () => {
  await shown[Symbol.asyncDispose]();
  await service.close();
});

function watch(rest: { databaseUrl?: string; apiUrl?: string }): void {
  shown.watch({
    apiUrl: service.url,
    apiKey: 'shop-key',
    metricsUrl: `${service.adminUrl}/metrics`,
    ...rest,
  });
}

const list = async (query = '') => (await shown.call('GET', `/api/orders${query}`)).body as OrderList;
const idsOf = ({ orders }: OrderList) => orders.map(({ id }) => id);

test('the list has the orders of all clients, pending ones first and the newest of each first', async () => {
  const answer = await list();
  expect(answer.source).toBe('database');
  expect(idsOf(answer)).toEqual([placed[0], placed[3], placed[2], placed[1]]);
  expect(answer.orders).toMatchObject([
    { status: 'pending', client: 'shop', settledAfter: null, reason: null },
    {
      status: 'paid',
      client: 'pos',
      totalMinor: 900,
      currency: 'EUR',
      settledAfter: expect.any(Number) as number,
    },
    { status: 'declined', client: 'shop', customer: 'cus_declined', reason: expect.any(String) as string },
    { status: 'paid', client: 'shop' },
  ]);
  for (const { age, createdAt } of answer.orders) {
    expect(age).toBeGreaterThanOrEqual(0);
    expect(age).toBeLessThan(120_000);
    expect(Math.abs(Date.now() - createdAt - age)).toBeLessThan(10_000);
  }
});

test('the list is filtered by status, client and customer', async () => {
  expect(idsOf(await list('?status=paid'))).toEqual([placed[3], placed[1]]);
  expect(idsOf(await list('?client=pos'))).toEqual([placed[3]]);
  expect(idsOf(await list('?customer=cus_declined'))).toEqual([placed[2]]);
  expect(idsOf(await list('?limit=1'))).toEqual([placed[0]]);
  expect(await shown.call('GET', '/api/orders?status=lost')).toMatchObject({ status: 400 });
  expect(await shown.call('GET', '/api/orders?limit=51')).toMatchObject({ status: 400 });
});

test('an id that no order can have is said to be none', async () => {
  expect((await shown.call('GET', '/api/orders/invoice-7')).body).toMatchObject({
    orderMissing: 'This is no id of an order, which is a UUID.',
  });
  expect((await shown.call('GET', `/api/orders/${crypto.randomUUID()}`)).body).toMatchObject({
    orderMissing: 'There is no order with this id.',
  });
});

test('the list has the orders of its own client without a database', async () => {
  watch({});
  const answer = await list();
  expect(answer).toMatchObject({ source: 'api', orders: [{ status: 'pending', client: null }, {}, {}] });
  expect(idsOf(answer)).toEqual([placed[0], placed[2], placed[1]]);
  expect(idsOf(await list('?status=declined'))).toEqual([placed[2]]);
  expect(await list('?client=pos')).toMatchObject({
    unavailable: expect.stringMatching(/CONSOLE_DATABASE_URL/) as string,
  });
});

test('the list says why it is empty', async () => {
  watch({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none' });
  expect(await list()).toMatchObject({
    orders: [],
    unavailable: expect.stringMatching(/database.*ECONNREFUSED/) as string,
  });
  watch({ apiUrl: 'http://127.0.0.1:1' });
  expect(await list()).toMatchObject({ orders: [], unavailable: 'The service does not answer.' });
  expect(shown.defects).toEqual([]);
});
