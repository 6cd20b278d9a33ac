import { setImmediate } from 'node:timers/promises';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { deadlineIn, noDeadline } from '../../resilience/deadline.ts';
import { ServiceError } from '../../errors.ts';
import { type ReadOrder, readFromStore } from './read-order.ts';
import { cacheSettledOrders } from './settled-order-cache.ts';

// What a copy in Redis may and may not do, and the result of each of several concurrent reads; test/api/orders-cache.test.ts
// covers both with a real Redis.

type Found = Awaited<ReturnType<ReadOrder>>;
const id = '019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11';
const order: NonNullable<Found> = {
  id,
  status: 'paid',
  customerId: 'cus_42',
  currency: 'EUR',
  items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
  totalMinor: 900,
  paymentId: 'ch_1',
  reason: null,
  createdAt: '2026-11-20T09:30:00.000Z',
  updatedAt: '2026-11-20T09:30:00.041Z',
};
const key = `orders:v2:settled:shop:${id}`;

/** The test resolves each lookup in the store by hand, in the order in which they start. */
function setUp() {
  const lookups: Array<PromiseWithResolvers<Found>> = [];
  const began: Array<() => void> = [];
  const results: string[] = [];
  const read: ReadOrder = () => {
    const lookup = Promise.withResolvers<Found>();
    lookups.push(lookup);
    began.shift()?.();
    return lookup.promise;
  };
  const redis = { get: async () => null, set: async () => {}, delete: async () => {} };
  const cached = cacheSettledOrders(read, { redis, ttl: 1000, onRead: (result) => results.push(result) });
  return {
    lookups,
    results,
    read: (deadline = noDeadline) => cached('shop', id, deadline),
    nextLookup() {
      const { promise, resolve } = Promise.withResolvers<void>();
      began.push(resolve);
      return promise;
    },
  };
}

test('concurrent reads share the lookup of a settled order', async () => {
  const { lookups, read, nextLookup, results } = setUp();
  const looked = nextLookup();
  const all = [read(), read()];
  await looked;
  lookups[0]?.resolve(order);
  expect(await Promise.all(all)).toEqual([order, order]);
  expect(lookups).toHaveLength(1);
  expect(results).toEqual(['miss', 'miss']);
});

test('only the first of concurrent reads gets a pending order from the lookup, and the others make their own', async () => {
  const { lookups, read, nextLookup } = setUp();
  const pending = { ...order, status: 'pending' as const };
  const [first, own] = [nextLookup(), nextLookup()];
  const all = [read(), read()];
  await first;
  lookups[0]?.resolve(pending);
  await own;
  lookups[1]?.resolve(order);
  expect(await Promise.all(all)).toEqual([pending, order]);
});

test('a lookup that fails at the deadline of the first read does not fail the others', async () => {
  const { lookups, read, nextLookup, results } = setUp();
  const [first, own] = [nextLookup(), nextLookup()];
  const [hurried, patient] = [read(), read()];
  const refused = hurried.catch((error: unknown) => error);
  await first;
  lookups[0]?.reject(new ServiceError('deadline_exceeded', 'No time is left.'));
  expect(await refused).toMatchObject({ code: 'deadline_exceeded' });
  await own;
  lookups[1]?.resolve(order);
  expect(await patient).toEqual(order);
  expect(results).toEqual(['miss']);
});

test('a lookup that fails for another reason fails all concurrent reads', async () => {
  const { lookups, read, nextLookup } = setUp();
  const looked = nextLookup();
  const all = [read(), read()].map((answer) =>
    expect(answer).rejects.toMatchObject({ code: 'database_unavailable' }),
  );
  await looked;
  lookups[0]?.reject(new ServiceError('database_unavailable', 'The database does not answer.'));
  await Promise.all(all);
});

test('a read whose deadline comes before the shared lookup ends makes its own', async () => {
  const { lookups, read, nextLookup } = setUp();
  const [first, own] = [nextLookup(), nextLookup()];
  const patient = read();
  await first;
  const hurried = read(deadlineIn(1));
  await own;
  lookups[1]?.resolve(order);
  expect(await hurried).toEqual(order);
  lookups[0]?.resolve(order);
  expect(await patient).toEqual(order);
});

/** A cache over Redis that has this copy (null: none, undefined: it does not answer), and a store that has this order. */
function cacheOver(copy: string | null | undefined, stored: NonNullable<Found> | 'none' = order) {
  const done: unknown[][] = [];
  const redis = {
    get: async (name: string) => (done.push(['get', name]), copy),
    set: async (name: string, value: string, ttl: number) =>
      void done.push(['set', name, JSON.parse(value), ttl]),
    delete: async (name: string) => void done.push(['delete', name]),
  };
  const read: ReadOrder = async (...question) => {
    done.push(['read', ...question]);
    return stored === 'none' ? undefined : stored;
  };
  const results: string[] = [];
  const cached = cacheSettledOrders(read, { redis, ttl: 1000, onRead: (result) => results.push(result) });
  return { done, results, read: (given = id) => cached('shop', given, noDeadline) };
}

test('a copy answers without the store, in any case of the id', async () => {
  const { done, results, read } = cacheOver(JSON.stringify(order));
  expect(await read(id.toUpperCase())).toEqual(order);
  expect(done).toEqual([['get', key]]);
  expect(results).toEqual(['hit']);
});

test('a settled order is copied for its time to live, give or take a tenth', async () => {
  const { done, results, read } = cacheOver(null);
  expect(await read()).toEqual(order);
  expect(done).toEqual([
    ['get', key],
    ['read', 'shop', id, noDeadline],
    ['set', key, order, expect.any(Number)],
  ]);
  const ttl = Number(done[2]?.[3]);
  expect(ttl).toBeGreaterThanOrEqual(900);
  expect(ttl).toBeLessThanOrEqual(1100);
  expect(results).toEqual(['miss']);
});

test('an order that is pending or does not exist is not copied', async () => {
  const pending = { ...order, status: 'pending' as const, paymentId: null };
  const [waiting, missing] = [cacheOver(null, pending), cacheOver(null, 'none')];
  expect([await waiting.read(), await missing.read()]).toEqual([pending, undefined]);
  for (const { done } of [waiting, missing]) expect(done.map(([what]) => what)).toEqual(['get', 'read']);
});

test('Redis without an answer is an error, and the store answers', async () => {
  const { results, read } = cacheOver(undefined);
  expect(await read()).toEqual(order);
  expect(results).toEqual(['error']);
});

test.each([
  ['is no JSON', '{"id":'],
  ['is empty', ''],
  ['is another order', JSON.stringify({ ...order, id: id.replace('019a', '019b') })],
  ['is pending', JSON.stringify({ ...order, status: 'pending' })],
  ['has an unknown member', JSON.stringify({ ...order, admin: true })],
  ['lacks a member', JSON.stringify({ ...order, totalMinor: undefined })],
])('a copy that %s is deleted, and the store answers', async (_what, copy) => {
  const { done, results, read } = cacheOver(copy);
  expect(await read()).toEqual(order);
  expect(done.map(([what]) => what)).toEqual(['get', 'delete', 'read', 'set']);
  expect(done[1]).toEqual(['delete', key]);
  expect(results).toEqual(['miss']);
});

test('two reads one after the other are two lookups', async () => {
  const { done, read } = cacheOver(null);
  await read();
  await read();
  expect(done.filter(([what]) => what === 'get')).toHaveLength(2);
});

test('an order is read from the store for its client, and none is none', async () => {
  const asked: unknown[] = [];
  const read = readFromStore({
    async find(...question) {
      asked.push(question);
      return undefined;
    },
  });
  expect(await read('shop', id, noDeadline)).toBeUndefined();
  expect(asked).toEqual([['shop', id, noDeadline]]);
});

test('an order that was read does not outlive its answer until the next full collection of garbage', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;
  const items = Array.from({ length: 100 }, () => ({ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }));
  const redis = {
    async get(copy: string) {
      await setImmediate();
      return JSON.stringify({ ...order, id: copy.slice(-id.length), items });
    },
    set: async () => {},
    delete: async () => {},
  };
  const cached = cacheSettledOrders(async () => undefined, { redis, ttl: 1000, onRead: () => {} });
  const readMany = async () => {
    for (let round = 0; round < 50; round += 1) {
      const ids = Array.from({ length: 20 }, (_, index) => id.slice(0, -2) + (10 + index));
      await Promise.all(ids.map((each) => cached('shop', each, noDeadline)));
      collect({ type: 'minor' });
    }
  };
  const oldBytes = () =>
    getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')?.space_used_size ?? 0;

  await readMany();
  // What is alive now is old from here on, the table of the lookups in flight included.
  collect();
  const before = oldBytes();
  await readMany();
  // A thousand orders of some 8 KB each.
  expect(oldBytes() - before).toBeLessThan(1_000_000);
});
