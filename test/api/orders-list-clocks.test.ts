import { beforeAll, beforeEach, expect, test } from 'vitest';
import { spawnServiceProcess } from '../../lab/harness/service-process.ts';
import { type ApiClient, createApiClient, type OrderBody, teaOrder } from '../support/clients/api-client.ts';
import { quietWorker } from '../support/clients/settings.ts';
import {
  serviceEnvironment,
  spawnSurroundings,
  type Surroundings,
} from '../support/processes/spawn-service.ts';

/** Three replicas on one database, on machines whose clocks differ by an hour each. */

interface Page {
  orders: OrderBody[];
  nextCursor: string | null;
}

const hour = 3_600_000;
const preload = new URL('../../lab/chaos/shifted-clock.ts', import.meta.url);

let surroundings: Surroundings;
let behind: ApiClient;
let right: ApiClient;
let ahead: ApiClient;
beforeAll(async () => {
  await using started = new AsyncDisposableStack();
  surroundings = started.use(await spawnSurroundings());
  const { database, gateway } = surroundings;
  const replicas = await Promise.all(
    [-hour, 0, hour].map(async (milliseconds) => {
      const replica = await spawnServiceProcess({
        env: {
          ...serviceEnvironment(database.url, gateway.url),
          ...quietWorker,
          NODE_OPTIONS: `--import=${preload.href}?milliseconds=${milliseconds}`,
        },
      });
      started.defer(() => replica.kill());
      return createApiClient(replica.url, 'shop-key');
    }),
  );
  [behind, right, ahead] = replicas as [ApiClient, ApiClient, ApiClient];
  const owned = started.move();
  return () => owned.disposeAsync();
});
beforeEach(() => surroundings.database.sql('TRUNCATE orders'));

/** By the clock of the replica that made it. */
const timeOf = (id: string) => Number.parseInt(id.replace('-', '').slice(0, 12), 16);

async function place(replica: ApiClient, times = 1): Promise<string[]> {
  const ids: string[] = [];
  for (let time = 0; time < times; time += 1) ids.unshift((await replica.place()).body.id);
  return ids;
}

async function pageOf(replica: ApiClient, query: string): Promise<Page> {
  const { status, body } = await replica.get<Page>(`/orders?${query}`);
  expect(status).toBe(200);
  return body;
}

const filters = [
  '',
  '&status=paid',
  `&customerId=${teaOrder.customerId}`,
  `&customerId=${teaOrder.customerId}&status=paid`,
];

test('a new order is the first of every list, whichever clock the replica has that placed it', async () => {
  for (const replica of [ahead, behind, right, behind, ahead, behind]) {
    const [id] = await place(replica);
    for (const filter of filters) {
      const { orders } = await pageOf(right, `limit=1${filter}`);
      expect(orders[0]?.id).toBe(id);
    }
  }
  const { orders } = await pageOf(behind, 'limit=100');
  const times = orders.map(({ createdAt }) => Date.parse(createdAt));
  expect(times).toEqual(times.toSorted((a, b) => b - a));
  // The clocks differ indeed.
  const made = orders.map(({ id }) => timeOf(id));
  expect(Math.max(...made) - Math.min(...made)).toBeGreaterThanOrEqual(2 * hour);
  for (const time of times) expect(Math.abs(time - Date.now())).toBeLessThan(hour / 2);
});

test('pages cover every order exactly once while replicas with other clocks place new ones', async () => {
  const placed: string[] = [];
  for (const replica of [ahead, behind, right, ahead, behind]) placed.unshift(...(await place(replica, 2)));
  for (const filter of filters) {
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const from: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page: Page = await pageOf(
        [behind, ahead, right][pages.length % 3] ?? right,
        `limit=3${filter}${from}`,
      );
      pages.push(page.orders.map(({ id }) => id));
      cursor = page.nextCursor;
      await Promise.all([place(behind), place(ahead)]);
    } while (cursor !== null);
    expect(pages.flat().slice(-placed.length)).toEqual(placed);
    expect(new Set(pages.flat()).size).toBe(pages.flat().length);
  }
});

test('orders that share a statement have one time and a stable order', async () => {
  await Promise.all(
    [behind, right, ahead].flatMap((replica) => Array.from({ length: 10 }, () => place(replica))),
  );
  const { orders: all } = await pageOf(right, 'limit=100');
  expect(all).toHaveLength(30);

  const onePerPage: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = await pageOf(behind, `limit=1${cursor === null ? '' : `&cursor=${cursor}`}`);
    onePerPage.push(...page.orders.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(onePerPage).toEqual(all.map(({ id }) => id));
});
