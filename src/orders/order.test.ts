import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { currencies } from './currency.ts';
import { newOrder, type OrderItem, type OrderRequest, totalOf } from './order.ts';

const tea: OrderItem = { sku: 'TEA', quantity: 2, unitPriceMinor: 450 };
const cup: OrderItem = { sku: 'CUP', quantity: 1, unitPriceMinor: 900 };
const teaOrder: OrderRequest = {
  customerId: 'cus_42',
  currency: 'EUR',
  items: [tea, cup],
  paymentToken: 'tok_visa',
};

const name = fc.stringMatching(/^[A-Za-z0-9._-]{1,8}$/);
const item: fc.Arbitrary<OrderItem> = fc.record({
  sku: name,
  quantity: fc.integer({ min: 1, max: 10_000 }),
  unitPriceMinor: fc.integer({ min: 0, max: 100_000_000 }),
});
const anyRequest = fc.record({
  customerId: name,
  currency: fc.constantFrom(...currencies),
  items: fc.array(item, { minLength: 1, maxLength: 100, size: 'max' }),
  paymentToken: name,
});

const units = (quantity: number) => [{ sku: 'X', quantity, unitPriceMinor: 1 }];

describe('the total of an order', () => {
  test('the total is the exact sum of the items, for every request that the API accepts', () => {
    fc.assert(
      fc.property(anyRequest, ({ items }) => {
        const exact = items.reduce(
          (sum, { quantity, unitPriceMinor }) => sum + BigInt(quantity) * BigInt(unitPriceMinor),
          0n,
        );
        expect(BigInt(totalOf(items))).toBe(exact);
      }),
    );
  });

  test('the total of the largest order is 10^14 minor units', () => {
    const largest = Array.from({ length: 100 }, () => ({
      sku: 'X',
      quantity: 10_000,
      unitPriceMinor: 100_000_000,
    }));
    expect(totalOf(largest)).toBe(10 ** 14);
  });

  test('a total that a number cannot hold exactly is refused, not rounded', () => {
    expect(totalOf(units(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => totalOf([...units(Number.MAX_SAFE_INTEGER), ...units(1)])).toThrow(RangeError);
    expect(() => totalOf(units(0.5))).toThrow(/^the total exceeds /);
  });
});

const order = (change: Partial<OrderRequest> = {}): OrderRequest => ({ ...teaOrder, ...change });
const toStore = (request: OrderRequest) => newOrder({ clientId: 'shop', request, idempotencyKey: undefined });
const hashOf = (request: OrderRequest) => toStore(request).requestHash;

describe('the hash of a request', () => {
  const withTea = (change: Partial<OrderItem>) => order({ items: [{ ...tea, ...change }, cup] });

  test.each<[what: string, other: OrderRequest]>([
    ['customer', order({ customerId: 'cus_43' })],
    ['currency', order({ currency: 'USD' })],
    ['payment token', order({ paymentToken: 'tok_amex' })],
    ['sku', withTea({ sku: 'tea' })],
    ['quantity', withTea({ quantity: 3 })],
    ['price', withTea({ unitPriceMinor: 451 })],
    ['number of items', order({ items: [tea] })],
    ['order of items', order({ items: [cup, tea] })],
    // Concatenated, the values are the same as before.
    ['place of a value', order({ customerId: 'cus_4', paymentToken: '2tok_visa' })],
  ])('the hash differs for another %s', (_what, other) => {
    expect(hashOf(other)).not.toBe(hashOf(order()));
  });

  test('the hash is the same for the same request, and differs for any other', () => {
    fc.assert(
      fc.property(anyRequest, anyRequest, (one, other) => {
        expect(hashOf(structuredClone(one))).toBe(hashOf(one));
        expect(hashOf(one) === hashOf(other)).toBe(
          JSON.stringify(sorted(one)) === JSON.stringify(sorted(other)),
        );
      }),
    );
  });

  test('the hash does not depend on the order of the JSON members', () => {
    const reversed = Object.fromEntries(Object.entries(order()).toReversed()) as unknown as OrderRequest;
    expect(hashOf(reversed)).toBe(hashOf(order()));
  });

  test('the hash has 32 bytes', () => {
    expect(toStore(order()).requestHash).toMatch(/^[0-9a-f]{64}$/);
  });
});

const sorted = ({ customerId, currency, items, paymentToken }: OrderRequest) => [
  customerId,
  currency,
  items.map(({ sku, quantity, unitPriceMinor }) => [sku, quantity, unitPriceMinor]),
  paymentToken,
];

/** RFC 9562: the first 48 bits of version 7. */
const timeOf = (id: string) => Number.parseInt(id.replace('-', '').slice(0, 12), 16);

const createId = () => toStore(teaOrder).id;

describe('the id of an order', () => {
  test('an order id is a UUIDv7 that holds the time of its creation', () => {
    const before = Date.now();
    const id = createId();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(timeOf(id)).toBeGreaterThanOrEqual(before);
    expect(timeOf(id)).toBeLessThanOrEqual(Date.now());
  });

  test('order ids sort as text in order of creation, to the millisecond', () => {
    const ids: string[] = [];
    const moments = new Set<number>();
    while (moments.size < 12) {
      ids.push(createId());
      moments.add(Date.now());
    }
    const times = ids.map(timeOf);
    expect(ids.toSorted().map(timeOf)).toEqual(times);
  });

  test('order ids are unique', () => {
    const ids = Array.from({ length: 10_000 }, createId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
