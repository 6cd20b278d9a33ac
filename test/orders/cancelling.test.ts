import { describe, expect, test } from 'vitest';
import { deadlineIn, noDeadline } from '../../src/resilience/deadline.ts';
import { cancelOrder } from '../../src/orders/cancel-order.ts';
import type { Order } from '../../src/orders/order.ts';
import { placeOrder } from '../../src/orders/place-order.ts';
import { noHistory } from '../../src/orders/round-history.ts';
import { causes, command, passed, type Script, unknown, world } from './scripted-world.ts';

describe('cancelling', () => {
  const cancellation = { clientId: 'shop', orderId: 'order-1', requestId: 'request-2', deadline: noDeadline };

  async function pendingWorld(script: Script = {}) {
    const made = world({ charges: [unknown], ...script });
    await placeOrder(made.dependencies, command);
    made.events.length = 0;
    return made;
  }

  test('cancelling asks the gateway and settles the order as cancelled', async () => {
    const { dependencies, cancelled, events, stored } = await pendingWorld();
    const result = await cancelOrder(dependencies, cancellation);
    expect(result).toMatchObject({ kind: 'cancelled', order: { status: 'cancelled' } });
    expect(cancelled).toEqual([
      [stored()?.order.id, { requestId: 'request-2', timeLimit: Infinity, causes }],
    ]);
    expect(events).toEqual([['settled', 'cancelled']]);
  });

  test('cancelling passes client, order, lease and deadline to the store', async () => {
    const asked: unknown[] = [];
    const { dependencies } = await pendingWorld({
      store: {
        takeToCancel: async (...question) => (asked.push(question), undefined),
        find: async (...question) => (asked.push(question), undefined),
      },
    });
    expect(await cancelOrder(dependencies, cancellation)).toEqual({ kind: 'not_found' });
    expect(asked).toEqual([
      ['shop', 'order-1', 5000, noDeadline],
      ['shop', 'order-1', noDeadline],
    ]);
  });

  test('cancelling an order that somebody holds is in progress, and a settled one is too late', async () => {
    const { dependencies, cancelled, change, stored } = await pendingWorld();
    change({ held: true });
    expect(await cancelOrder(dependencies, cancellation)).toEqual({
      kind: 'in_progress',
      order: stored()?.order,
    });
    const settled = { ...stored()?.order, status: 'paid', paymentId: 'ch_1' } as Order;
    change({ order: settled });
    expect(await cancelOrder(dependencies, cancellation)).toEqual({ kind: 'too_late', order: settled });
    const already = { ...stored()?.order, status: 'cancelled' } as Order;
    change({ order: already });
    expect(await cancelOrder(dependencies, cancellation)).toEqual({ kind: 'cancelled', order: already });
    expect(cancelled).toEqual([]);
  });

  test('cancelling a card that was declined is too late', async () => {
    const { dependencies } = await pendingWorld({ cancels: [{ kind: 'declined', declineCode: 'no_funds' }] });
    expect(await cancelOrder(dependencies, cancellation)).toMatchObject({
      kind: 'too_late',
      order: { status: 'declined', declineCode: 'no_funds' },
    });
  });

  test.each([
    [unknown, 'gateway_unavailable'],
    [{ kind: 'unavailable', reason: 'circuit_open' }, 'gateway_unavailable'],
    [{ kind: 'refused', refusalCode: 'not_supported' }, 'gateway_unavailable'],
    [{ kind: 'unknown', reason: 'deadline' }, 'out_of_time'],
  ] as const)('cancelling leaves the order pending after %o and answers %s', async (outcome, kind) => {
    const { dependencies, events, stored } = await pendingWorld({ cancels: [outcome], maxPending: 2 });
    expect(await cancelOrder(dependencies, cancellation)).toEqual({ kind, order: stored()?.order });
    expect(events).toEqual([['leftPending', 'reason' in outcome ? outcome.reason : outcome.kind]]);
    // No count of this replica grows: the order was pending before.
    expect(dependencies.backlog.isFullFor('shop')).toBe(false);
    expect(stored()).toMatchObject({ held: false, cancelling: true, order: { status: 'pending' } });
  });

  test('cancelling without an answer in time is noted, so that the patient crew cancels the order', async () => {
    const { dependencies, change, stored } = await pendingWorld({ cancels: [unknown] });
    change({ history: noHistory });
    await cancelOrder(dependencies, cancellation);
    expect(stored()?.history.unanswered).toBe(1);
  });

  test('cancelling asks nobody once the deadline has passed', async () => {
    const { dependencies, cancelled, events, stored } = await pendingWorld();
    const late = await cancelOrder(dependencies, { ...cancellation, deadline: passed });
    expect(late).toEqual({ kind: 'out_of_time', order: stored()?.order });
    await expect.poll(() => events).toEqual([['leftPending', 'deadline']]);
    expect(cancelled).toEqual([]);
  });

  test('cancelling runs out of time when the outcome cannot be stored before the deadline', async () => {
    const { dependencies } = await pendingWorld({ store: { settle: () => new Promise(() => {}) } });
    const result = await cancelOrder(dependencies, { ...cancellation, deadline: deadlineIn(30) });
    expect(result).toMatchObject({ kind: 'out_of_time', order: { status: 'pending' } });
  });

  test('cancelling in vain, because another holder has taken the order, is in progress', async () => {
    const { dependencies } = await pendingWorld({
      store: { settle: async ({ order }) => ({ order, settledHere: false }) },
    });
    expect(await cancelOrder(dependencies, cancellation)).toMatchObject({
      kind: 'in_progress',
      order: { status: 'pending' },
    });
  });

  test('cancelling that cannot be stored leaves an order pending that was pending before', async () => {
    const fault = new Error('no database');
    const { dependencies, events } = await pendingWorld({
      store: { settle: () => Promise.reject(fault) },
      maxPending: 2,
    });
    expect(await cancelOrder(dependencies, cancellation)).toMatchObject({
      kind: 'not_stored',
      order: { status: 'pending' },
    });
    expect(events).toEqual([['outcomeNotStored', fault]]);
    expect(dependencies.backlog.isFullFor('shop')).toBe(false);
  });
});
