import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OrderStatus } from '../../src/orders/order-state.ts';
import { type OrderBody, teaOrder } from '../support/clients/api-client.ts';
import { within } from '../support/clients/deadlines.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';

interface Page {
  orders: OrderBody[];
  nextCursor: string | null;
}

let service: SpawnedService;
beforeAll(async () => {
  // No charge is given up on a busy machine.
  service = await spawnService({ PAYMENT_DEADLINE: '20s', PAYMENT_ATTEMPT_TIMEOUT: '20s' });
  return () => service.close();
});
beforeEach(() => service.database.sql('TRUNCATE orders'));

const list = async (query = '') => {
  const { status, body } = await service.api.get<Page>(`/orders${query}`);
  expect(status).toBe(200);
  return body;
};
const idsOf = ({ orders }: Pick<Page, 'orders'>) => orders.map(({ id }) => id);

/** Returns the ids, newest first. */
async function placeOrders(
  count: number,
  change: Partial<typeof teaOrder> = {},
  headers: Record<string, string> = {},
): Promise<string[]> {
  const ids: string[] = [];
  for (let placed = 0; placed < count; placed += 1) {
    const { body } = await service.api.place({ ...teaOrder, ...change }, headers);
    ids.unshift('orderId' in body ? String(body.orderId) : body.id);
  }
  return ids;
}

/** Follows the cursors to the last page. */
async function listAll(query: string, betweenPages = async () => {}): Promise<OrderBody[][]> {
  const pages: OrderBody[][] = [];
  let cursor: string | null = null;
  do {
    const page = await list(`?${query}${cursor === null ? '' : `&cursor=${cursor}`}`);
    pages.push(page.orders);
    cursor = page.nextCursor;
    await betweenPages();
  } while (cursor !== null);
  return pages;
}

const found = async (query: string) => idsOf({ orders: (await listAll(`limit=2&${query}`)).flat() });

test('a client without orders gets an empty page', async () => {
  expect(await list()).toEqual({ orders: [], nextCursor: null });
});

test('a page ends early when its orders have 1,000 items together, and the next one goes on there', async () => {
  const items = Array.from({ length: 100 }, () => ({ sku: 'TEA-001', quantity: 1, unitPriceMinor: 1 }));
  const placed = await placeOrders(12, { items });
  const pages = await listAll('limit=100');
  expect(pages.map((page) => page.length)).toEqual([10, 2]);
  expect(idsOf({ orders: pages.flat() })).toEqual(placed);
});

test('orders are listed newest first, each in the same form as when read alone', async () => {
  const placed = await placeOrders(3);
  const page = await list();
  expect(idsOf(page)).toEqual(placed);
  const [newest = ''] = placed;
  expect(page.orders[0]).toEqual((await service.api.get(`/orders/${newest}`)).body);
});

test('a page holds 20 orders by default', async () => {
  const placed = await placeOrders(21);
  expect(idsOf(await list())).toEqual(placed.slice(0, 20));
  expect(idsOf(await list('?limit=1'))).toEqual(placed.slice(0, 1));
  expect(idsOf(await list('?limit=100'))).toEqual(placed);
});

test.each([
  ['does not end on a full page', 7, [3, 3, 1]],
  ['ends on a full page', 6, [3, 3]],
  ['is one page', 3, [3]],
])('the last page has no cursor when the list %s', async (_what, count, sizes) => {
  await placeOrders(count);
  expect((await listAll('limit=3')).map((page) => page.length)).toEqual(sizes);
});

test('pages cover every order exactly once while new ones arrive', async () => {
  const placed = await placeOrders(8);
  const pages = await listAll('limit=3', async () => void (await placeOrders(2)));
  expect(idsOf({ orders: pages.flat() })).toEqual(placed);
});

test('a cursor stays valid when the state of its order changes', async () => {
  const placed = await placeOrders(4);
  const { nextCursor } = await list('?limit=2');
  await service.database.sql("UPDATE orders SET status = 'cancelled', payment_id = NULL WHERE id = $1", [
    placed[1],
  ]);
  expect(idsOf(await list(`?cursor=${nextCursor}`))).toEqual(placed.slice(2));
});

test('filters by status and customer narrow the list on all pages, alone and combined', async () => {
  const placed: Record<string, string[]> = {};
  for (const customerId of ['ann', 'bob']) {
    placed[`${customerId} paid`] = await placeOrders(3, { customerId });
    placed[`${customerId} declined`] = await placeOrders(2, { customerId, paymentToken: 'tok_declined' });
    // The gateway never answers.
    const pending = { customerId, paymentToken: 'tok_timeout' };
    placed[`${customerId} pending`] = await placeOrders(1, pending, within(1000));
  }
  const newestFirst = (...groups: string[]) =>
    groups
      .flatMap((group) => placed[group] ?? [])
      .toSorted()
      .toReversed();
  expect(await found('status=paid')).toEqual(newestFirst('ann paid', 'bob paid'));
  expect(await found('status=declined')).toEqual(newestFirst('ann declined', 'bob declined'));
  expect(await found('status=pending')).toEqual(newestFirst('ann pending', 'bob pending'));
  expect(await found('status=cancelled')).toEqual([]);
  expect(await found('customerId=ann')).toEqual(newestFirst('ann paid', 'ann declined', 'ann pending'));
  expect(await found('customerId=ann&status=paid')).toEqual(newestFirst('ann paid'));
  expect(await found('customerId=bob&status=pending')).toEqual(newestFirst('bob pending'));
  expect(await found('customerId=nobody')).toEqual([]);
  const statuses = new Set((await list('?status=declined')).orders.map(({ status }) => status));
  expect(statuses).toEqual(new Set<OrderStatus>(['declined']));
});

describe('another client', () => {
  test('a client sees no orders of another client, whatever the filter', async () => {
    await placeOrders(2);
    const { nextCursor } = await list('?limit=1');
    for (const query of ['', '?status=paid', '?customerId=cus_42', `?cursor=${nextCursor}`]) {
      const { body } = await service.otherApi.get<Page>(`/orders${query}`);
      expect(body).toEqual({ orders: [], nextCursor: null });
    }
  });

  test('a client sees only its own orders in its list', async () => {
    await placeOrders(1);
    const theirs = await service.otherApi.place();
    const ours = await placeOrders(1);
    expect(idsOf((await service.otherApi.get<Page>('/orders')).body)).toEqual([theirs.body.id]);
    expect(idsOf(await list('?limit=1'))).toEqual(ours);
  });
});
