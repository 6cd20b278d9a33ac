import { describe, expect, test } from 'vitest';
import { ServiceError } from '../../src/errors.ts';
import { deadlineIn, noDeadline } from '../../src/resilience/deadline.ts';
import type { Order } from '../../src/orders/order.ts';
import type { OrderStore } from '../../src/orders/order-store.ts';
import { placeOrder } from '../../src/orders/place-order.ts';
import { causes, command, passed, unknown, world } from './scripted-world.ts';

describe('placing', () => {
  test('placing stores an order, charges it under its id, and settles it as paid', async () => {
    const { dependencies, charged, events, stored } = world();
    const placement = await placeOrder(dependencies, command);
    expect(placement).toMatchObject({ kind: 'placed', order: { status: 'paid', paymentId: 'ch_1' } });
    expect(charged).toEqual([
      [
        { key: stored()?.order.id, amountMinor: 900, currency: 'EUR', paymentToken: 'tok_visa' },
        { requestId: 'request-1', timeLimit: Infinity, causes },
      ],
    ]);
    expect(events).toEqual([['placing'], ['placed', 'pending'], ['settled', 'paid']]);
    expect(stored()?.traceparent).toBe('00-trace');
  });

  test('placing passes the lease and the deadline to the store, and accepts while the backlog is not full', async () => {
    const asked: unknown[] = [];
    const { dependencies } = world({
      store: { place: async (_order, options) => (asked.push(options), { kind: 'not_accepted' }) },
    });
    expect(await placeOrder(dependencies, command)).toEqual({ kind: 'backlog_full' });
    expect(asked).toEqual([{ lease: 5000, accept: true, deadline: noDeadline }]);
  });

  test.each([
    [
      { kind: 'declined', declineCode: 'card_declined' },
      { status: 'declined', declineCode: 'card_declined' },
    ],
    [{ kind: 'cancelled' }, { status: 'cancelled' }],
  ] as const)('placing settles the order after the outcome %o', async (outcome, expected) => {
    const { dependencies, events } = world({ charges: [outcome] });
    expect(await placeOrder(dependencies, command)).toMatchObject({ kind: 'placed', order: expected });
    expect(events.at(-1)).toEqual(['settled', expected.status]);
  });

  test('placing leaves an order pending after an unknown outcome, to be settled within the backoff', async () => {
    const { dependencies, events, stored } = world({ charges: [unknown], maxPending: 1 });
    expect(await placeOrder(dependencies, command)).toMatchObject({ order: { status: 'pending' } });
    expect(events.at(-1)).toEqual(['leftPending', 'timeout']);
    expect(stored()).toMatchObject({ held: false, history: { unanswered: 1 } });
    expect(stored()?.wait).toBeGreaterThanOrEqual(10);
    expect(stored()?.wait).toBeLessThanOrEqual(100);
    // The bound counts it at once.
    expect(await placeOrder(dependencies, command)).toEqual({ kind: 'backlog_full' });
  });

  test('placing leaves an order alone for at least the pause that the gateway asks for', async () => {
    const busy = { kind: 'unavailable', reason: 'rate_limited', retryAfter: 5000 } as const;
    const { dependencies, stored } = world({ charges: [busy] });
    await placeOrder(dependencies, command);
    expect(stored()?.wait).toBe(5000);
  });

  test('placing leaves an order pending that the gateway refuses, with the reason', async () => {
    const refused = { kind: 'refused', refusalCode: 'amount_too_small' } as const;
    const { dependencies, events, stored } = world({ charges: [refused] });
    expect(await placeOrder(dependencies, command)).toMatchObject({ order: { status: 'pending' } });
    expect(events.at(-1)).toEqual(['leftPending', 'refused']);
    expect(stored()?.history).toMatchObject({ refusals: 1, refusalCode: 'amount_too_small' });
  });

  test('placing charges nothing once the deadline has passed', async () => {
    const { dependencies, charged, events } = world();
    const placement = await placeOrder(dependencies, { ...command, deadline: passed });
    expect(placement).toMatchObject({ kind: 'placed', order: { status: 'pending' } });
    expect(charged).toEqual([]);
    expect(events.at(-1)).toEqual(['leftPending', 'deadline']);
  });

  test('placing answers at the deadline, and the outcome is stored all the same', async () => {
    const settling = Promise.withResolvers<Awaited<ReturnType<OrderStore['settle']>>>();
    const { dependencies, events, stored } = world({ store: { settle: () => settling.promise } });
    const placement = await placeOrder(dependencies, { ...command, deadline: deadlineIn(30) });
    expect(placement).toMatchObject({ kind: 'placed', order: { status: 'pending' } });
    const order = stored()?.order;
    if (order === undefined) throw new Error('nothing is stored');
    settling.resolve({ order: { ...order, status: 'paid', paymentId: 'ch_1' }, settledHere: true });
    await expect.poll(() => events.at(-1)).toEqual(['settled', 'paid']);
  });

  test('placing succeeds although the outcome could not be stored, and the order stays pending', async () => {
    const fault = new Error('no database');
    const { dependencies, events } = world({ store: { settle: () => Promise.reject(fault) }, maxPending: 1 });
    expect(await placeOrder(dependencies, command)).toMatchObject({ order: { status: 'pending' } });
    expect(events.at(-1)).toEqual(['outcomeNotStored', fault]);
    expect(await placeOrder(dependencies, command)).toEqual({ kind: 'backlog_full' });
  });

  test('placing does not report an order as settled that another holder has settled', async () => {
    const { dependencies, events } = world({
      store: {
        settle: async ({ order }) => ({ order: { ...order, status: 'cancelled' }, settledHere: false }),
      },
    });
    expect(await placeOrder(dependencies, command)).toMatchObject({ order: { status: 'cancelled' } });
    expect(events).toEqual([['placing'], ['placed', 'pending']]);
  });

  test.each([
    [{ sameRequest: false, inFlight: true }, { kind: 'key_reused' }],
    [
      { sameRequest: true, inFlight: true },
      { kind: 'in_progress', orderId: 'order-1' },
    ],
  ])('placing under a known key with %o charges nothing and answers %o', async (found, answer) => {
    const { dependencies, charged } = world({
      store: { place: async () => ({ kind: 'existing', id: 'order-1', ...found }) },
    });
    expect(await placeOrder(dependencies, command)).toEqual(answer);
    expect(charged).toEqual([]);
  });

  test('placing again with a deadline that ends before the earlier order is read does not answer that nothing is stored', async () => {
    const cut = new ServiceError('deadline_exceeded', 'Nothing was changed.');
    const { dependencies } = world({
      store: {
        place: async () => ({ kind: 'existing', id: 'order-1', sameRequest: true, inFlight: false }),
        find: () => Promise.reject(cut),
      },
    });
    await expect(placeOrder(dependencies, command)).rejects.toMatchObject({
      code: 'database_unavailable',
      cause: cut,
    });
  });

  test('placing again returns the earlier order, and fails when it does not exist', async () => {
    const asked: unknown[] = [];
    const earlier = { status: 'cancelled' } as unknown as Order;
    let found: Order | undefined = earlier;
    const { dependencies } = world({
      store: {
        place: async () => ({ kind: 'existing', id: 'order-1', sameRequest: true, inFlight: false }),
        find: async (...question) => (asked.push(question), found),
      },
    });
    expect(await placeOrder(dependencies, command)).toEqual({ kind: 'replayed', order: earlier });
    expect(asked).toEqual([['shop', 'order-1', noDeadline]]);
    found = undefined;
    await expect(placeOrder(dependencies, command)).rejects.toThrow(
      'order order-1 holds an idempotency key but does not exist',
    );
  });
});
