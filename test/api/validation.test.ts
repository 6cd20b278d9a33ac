import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { currencies } from '../../src/orders/currency.ts';
import type { OrderRequest } from '../../src/orders/order.ts';
import { type Answer, type ProblemBody, teaOrder } from '../support/clients/api-client.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';

let service: SpawnedService;
beforeAll(async () => {
  service = await spawnService();
  return () => service.close();
});
beforeEach(() => service.database.sql('TRUNCATE orders'));

const tea = { sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 };
const without = (value: object, member: string) =>
  Object.fromEntries(Object.entries(value).filter(([name]) => name !== member));
const withOrder = (change: object) => ({ ...teaOrder, ...change });
const withItem = (change: object) => withOrder({ items: [tea, { ...tea, ...change }] });

/** The places of the faults. A member can have several faults, which count as one here. */
const faultsOf = ({ body }: Answer<ProblemBody>) => [
  ...new Set(body.errors?.map((fault) => `${fault.in} ${fault.pointer}`)),
];

async function placeRefused(order: unknown, headers?: Record<string, string>): Promise<Answer<ProblemBody>> {
  return (await service.api.place(order, headers)) as unknown as Answer<ProblemBody>;
}

describe('invalid orders', () => {
  const texts = [
    ['a number', 1],
    ['true', true],
    ['null', null],
    ['a list', ['x']],
    ['empty', ''],
    ['a string with a space', 'a b'],
    ['a string with ü', 'ü'],
    ['a string with a line break', 'a\n'],
    ['too long', 'x'.repeat(129)],
  ] as const;
  const numbers = [
    ['a string', '2'],
    ['true', true],
    ['null', null],
    ['a list', [2]],
    ['a fraction', 1.5],
    ['negative', -1],
  ] as const;
  type Case = [what: string, order: unknown, ...pointers: string[]];

  test.each<Case>([
    ['it is null', null, ''],
    ['it is a string', '"order"', ''],
    ['it is a list', [teaOrder], ''],
    ['it is empty', {}, '/customerId', '/currency', '/items', '/paymentToken'],
    ...Object.keys(teaOrder).map((name): Case => [`${name} is missing`, without(teaOrder, name), `/${name}`]),
    ...Object.keys(tea).map(
      (name): Case => [
        `${name} of an item is missing`,
        withOrder({ items: [tea, without(tea, name)] }),
        `/items/1/${name}`,
      ],
    ),

    ['a member is unknown', withOrder({ coupon: 'X' }), '/coupon'],
    ['an unknown name contains / and ~', withOrder({ 'a/b~c': 1 }), '/a~1b~0c'],
    ['a member of an item is unknown', withItem({ 'in/out~': 1 }), '/items/1/in~1out~0'],
    ['it has members of a response', withOrder({ id: randomUUID(), status: 'paid' }), '/id', '/status'],
    ['a name differs in case', withOrder({ customerid: 'cus_42' }), '/customerid'],
    ['a member is called constructor', withOrder({ constructor: 1 }), '/constructor'],

    ...texts.flatMap(([what, value]): Case[] => [
      [`customerId is ${what}`, withOrder({ customerId: value }), '/customerId'],
      [`paymentToken is ${what}`, withOrder({ paymentToken: value }), '/paymentToken'],
      [`currency is ${what}`, withOrder({ currency: value }), '/currency'],
      [`sku is ${what}`, withItem({ sku: value }), '/items/1/sku'],
    ]),
    ...['4242424242424242', '4242-4242-4242-4242', '378282246310005'].map(
      (paymentToken): Case => [
        `paymentToken is the card number ${paymentToken}`,
        withOrder({ paymentToken }),
        '/paymentToken',
      ],
    ),
    ['customerId is one letter too long', withOrder({ customerId: 'x'.repeat(65) }), '/customerId'],
    ['sku is one letter too long', withItem({ sku: 'x'.repeat(65) }), '/items/1/sku'],
    ...['XXX', 'eur', 'Eur', 'DEM', 'EU', 'EURO', 'XAU', '978'].map(
      (currency): Case => [`currency is ${currency}`, withOrder({ currency }), '/currency'],
    ),

    ['items is an object', withOrder({ items: { 0: tea } }), '/items'],
    ['items is one item', withOrder({ items: tea }), '/items'],
    ['items is a string', withOrder({ items: '[]' }), '/items'],
    ['there are no items', withOrder({ items: [] }), '/items'],
    ['there are 101 items', withOrder({ items: Array.from({ length: 101 }, () => tea) }), '/items'],
    ['an item is null', withOrder({ items: [null] }), '/items/0'],
    ...numbers.flatMap(([what, value]): Case[] => [
      [`quantity is ${what}`, withItem({ quantity: value }), '/items/1/quantity'],
      [`unitPriceMinor is ${what}`, withItem({ unitPriceMinor: value }), '/items/1/unitPriceMinor'],
    ]),
    ['quantity is 0', withItem({ quantity: 0 }), '/items/1/quantity'],
    ['quantity is 10,001', withItem({ quantity: 10_001 }), '/items/1/quantity'],
    ['unitPriceMinor is 100,000,001', withItem({ unitPriceMinor: 100_000_001 }), '/items/1/unitPriceMinor'],
    [
      'a number overflows to Infinity',
      JSON.stringify(teaOrder).replace('450', '1e400'),
      '/items/0/unitPriceMinor',
    ],

    [
      'there are several faults',
      { ...withItem({ quantity: 0, sku: '' }), currency: 'XXX' },
      '/currency',
      '/items/1/sku',
      '/items/1/quantity',
    ],
  ])('an order is refused with 400 and a pointer when %s', async (_what, order, ...pointers) => {
    const refused = await placeRefused(order);

    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({ code: 'invalid_request', status: 400 });
    expect(faultsOf(refused).toSorted()).toEqual(pointers.map((pointer) => `body ${pointer}`).toSorted());
    expect(await service.database.sql('SELECT FROM orders')).toEqual([]);
  });

  test.each(['4242424242424241', 'tok_4242424242424242', '1764293518000'])(
    'an order with the token %s, which is no card number, is placed',
    async (paymentToken) => {
      const { status, body } = await placeRefused(withOrder({ paymentToken }));
      expect([status, body]).toEqual([402, expect.objectContaining({ declineCode: 'invalid_token' })]);
    },
  );

  test('each fault of an order has a detail that says what to change', async () => {
    const order = { ...withItem({ quantity: '2', extra: 1 }), currency: 'XXX', paymentToken: undefined };
    const { body } = await placeRefused(order);
    expect(body.errors?.toSorted((a, b) => a.pointer.localeCompare(b.pointer))).toEqual([
      { in: 'body', pointer: '/currency', detail: 'is not one of the known values' },
      { in: 'body', pointer: '/items/1/extra', detail: 'is not known' },
      { in: 'body', pointer: '/items/1/quantity', detail: 'must be integer' },
      { in: 'body', pointer: '/paymentToken', detail: 'is missing' },
    ]);
  });

  test('an order with a hundred invalid items is refused with twenty of the faults', async () => {
    const items = Array.from({ length: 100 }, () => ({ ...tea, quantity: 0 }));
    expect((await placeRefused(withOrder({ items }))).body.errors).toHaveLength(20);
  });

  test.each([
    ['empty', ''],
    ['256 letters long', 'k'.repeat(256)],
    ['split by a space', 'a b'],
    ['split by a tab', 'a\tb'],
    ['not ASCII', 'ü'],
    ['sent twice', 'a, b'],
    ['an empty string', '""'],
    ['a string that does not end', '"a'],
    ['sent twice as a string', '"a", "b"'],
    ['a string with a malformed parameter', '"a";=1'],
  ])('an order is refused with 400 when its idempotency key is %s', async (_what, key) => {
    const refused = await placeRefused(teaOrder, { 'idempotency-key': key });
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(faultsOf(refused)).toEqual(['header /idempotency-key']);
    expect(refused.body.errors?.[0]?.detail).toBe(
      'must be one key of 1 to 255 ASCII characters: without spaces, or in double quotes',
    );
    expect(await service.database.sql('SELECT FROM orders')).toEqual([]);
  });
});

test.each([
  ['of one letter', '!'],
  ['of 255 letters', '~'.repeat(255)],
  ['in quotes', '"8e03978e-40d5-43dd-bc93-6894a57f9324"'],
])('an order is accepted with an idempotency key %s', async (_what, key) => {
  expect((await service.api.place(teaOrder, { 'idempotency-key': key })).status).toBe(201);
});

test.each([
  ['/orders?limit=0', 'query /limit'],
  ['/orders?limit=101', 'query /limit'],
  ['/orders?limit=-1', 'query /limit'],
  ['/orders?limit=1.5', 'query /limit'],
  ['/orders?limit=abc', 'query /limit'],
  ['/orders?limit=Infinity', 'query /limit'],
  ['/orders?limit=-Infinity', 'query /limit'],
  ['/orders?limit=NaN', 'query /limit'],
  ['/orders?limit=1e400', 'query /limit'],
  ['/orders?limit=1e1', 'query /limit'],
  ['/orders?limit=0x10', 'query /limit'],
  ['/orders?limit=%201', 'query /limit'],
  ['/orders?limit=1%0A', 'query /limit'],
  ['/orders?limit=', 'query /limit'],
  ['/orders?limit=1&limit=2', 'query /limit'],
  ['/orders?status=foo', 'query /status'],
  ['/orders?status=', 'query /status'],
  ['/orders?status=paid&status=pending', 'query /status'],
  ['/orders?status=PAID', 'query /status'],
  ['/orders?customerId=', 'query /customerId'],
  [`/orders?customerId=${'x'.repeat(65)}`, 'query /customerId'],
  ['/orders?customerId=%00', 'query /customerId'],
  ['/orders?cursor=', 'query /cursor'],
  ['/orders?cursor=abc', 'query /cursor'],
  [`/orders?cursor=${Buffer.from(randomUUID()).toString('base64url')}`, 'query /cursor'],
  [`/orders?cursor=${'x'.repeat(10_000)}`, 'query /cursor'],
  ['/orders?colour=red', 'query /colour'],
  ['/orders?customer_id=cus_42', 'query /customer_id'],
  ['/orders?a%2Fb~=1', 'query /a~1b~0'],
  ['/orders?limit=0&status=foo', 'query /limit', 'query /status'],
  ['/orders/1', 'path /id'],
  ['/orders/01234567-89ab-7cde-8123-456789abcdeX', 'path /id'],
  ['/orders/0123456789ab7cde8123456789abcdef', 'path /id'],
  ['/orders/urn:uuid:019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11', 'path /id'],
  [`/orders/${'a'.repeat(5000)}`, 'path /id'],
  ["/orders/'%20OR%201=1--", 'path /id'],
])('GET %s is refused with 400', async (path, ...faults) => {
  const refused = await service.api.refused('GET', path);
  expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  expect(faultsOf(refused).toSorted()).toEqual(faults);
});

describe('valid orders', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/);
  const item = fc.record({
    sku: name,
    quantity: fc.integer({ min: 1, max: 10_000 }),
    unitPriceMinor: fc.integer({ min: 0, max: 100_000_000 }),
  });
  const order: fc.Arbitrary<OrderRequest> = fc.record({
    customerId: name,
    currency: fc.constantFrom(...currencies),
    items: fc.array(item, { minLength: 1, maxLength: 100, size: 'max' }),
    paymentToken: fc.constant('tok_visa'),
  });
  const longest = '_'.repeat(64);
  const largest: OrderRequest = {
    customerId: longest,
    currency: 'ZWG',
    items: Array.from({ length: 100 }, () => ({
      sku: longest,
      quantity: 10_000,
      unitPriceMinor: 100_000_000,
    })),
    paymentToken: 'tok_visa',
  };
  const smallest: OrderRequest = {
    customerId: '0',
    currency: 'AED',
    items: [{ sku: '-', quantity: 1, unitPriceMinor: 0 }],
    paymentToken: 'tok_visa',
  };

  test('any valid order is placed and charged its exact total', async () => {
    await fc.assert(
      fc.asyncProperty(order, async (valid) => {
        const { status, body } = await service.api.place(valid);
        expect(status).toBe(201);
        const { paymentToken: _, ...shown } = valid;
        expect(body).toMatchObject(shown);

        const total = valid.items.reduce(
          (sum, { quantity, unitPriceMinor }) => sum + BigInt(quantity) * BigInt(unitPriceMinor),
          0n,
        );
        expect(BigInt(body.totalMinor)).toBe(total);
        expect(await service.gateway.chargeOf(body.id)).toMatchObject({ amountMinor: body.totalMinor });
      }),
      { numRuns: 30, examples: [[largest], [smallest]] },
    );
  });
});
