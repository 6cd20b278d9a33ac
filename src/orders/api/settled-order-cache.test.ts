import { expect, test } from 'vitest';
import { deadlineIn, noDeadline } from '../../resilience/deadline.ts';
import { ServiceError } from '../../errors.ts';
import type { ReadOrder } from './read-order.ts';
import { cacheSettledOrders } from './settled-order-cache.ts';

// Concurrent reads of one order share one lookup. These tests cover the result of each read; test/api/orders-cache.test.ts
// covers the rest with a real Redis.

type Found = Awaited<ReturnType<ReadOrder>>;
const order: NonNullable<Found> = {
  id: '019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11',
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
    read: (deadline = noDeadline) => cached('shop', order.id, deadline),
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
