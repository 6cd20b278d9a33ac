import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createBacklog } from './backlog.ts';

const policy = { maxPending: 10, clientShare: 0.9 };

/** A backlog over a store with these pending orders. */
function backlogOf(byClient: Record<string, number>, { maxPending, clientShare } = policy) {
  const counts = new Map(Object.entries(byClient));
  const pending = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return createBacklog(
    { backlog: async () => ({ pending, byClient: counts, age: 1 }) },
    { maxPending, clientShare },
  );
}

test('the backlog reports an age that grows between two counts, and none while no order is pending', async () => {
  const counts = [
    { pending: 0, byClient: new Map(), age: undefined },
    { pending: 3, byClient: new Map([['shop', 3]]), age: 5000 },
  ];
  const none = { pending: 0, byClient: new Map(), age: undefined };
  const backlog = createBacklog({ backlog: async () => counts.shift() ?? none }, policy);
  await backlog.refresh();
  expect(backlog.snapshot()).toEqual({ pending: 0, age: undefined });
  await backlog.refresh();
  expect(backlog.snapshot()).toEqual({ pending: 3, age: expect.any(Number) as number });
  expect(backlog.snapshot()?.age).toBeGreaterThanOrEqual(5000);
});

test('the backlog is full for the client that filled its share, and for no other', async () => {
  const backlog = backlogOf({ shop: 900 }, { maxPending: 1000, clientShare: 0.9 });
  await backlog.refresh();
  expect([backlog.isFullFor('shop'), backlog.isFullFor('pos')]).toEqual([true, false]);
});

test('the backlog gives a client a share of what the others leave, not of the whole', async () => {
  const backlog = backlogOf({ pos: 6 }, { maxPending: 10, clientShare: 0.5 });
  await backlog.refresh();
  backlog.grew('shop');
  expect(backlog.isFullFor('shop')).toBe(false);
  backlog.grew('shop');
  expect(backlog.isFullFor('shop')).toBe(true);
});

test('the backlog counts the orders that were left pending since the last count to their client', async () => {
  const backlog = backlogOf({});
  await backlog.refresh();
  for (let order = 0; order < 9; order += 1) {
    expect(backlog.isFullFor('shop')).toBe(false);
    backlog.grew('shop');
  }
  expect([backlog.isFullFor('shop'), backlog.isFullFor('pos')]).toEqual([true, false]);
  backlog.grew('pos');
  expect(backlog.isFullFor('another')).toBe(true);
});

test('the backlog counts an order once that was left pending before a count, and one of the time in between', async () => {
  const counting = Promise.withResolvers<{ pending: number; byClient: Map<string, number>; age: number }>();
  const backlog = createBacklog({ backlog: () => counting.promise }, { maxPending: 5, clientShare: 1 });
  backlog.grew('shop');
  backlog.grew('shop');
  const refreshing = backlog.refresh();
  backlog.grew('pos');
  counting.resolve({ pending: 2, byClient: new Map([['shop', 2]]), age: 1 });
  await refreshing;
  expect(backlog.isFullFor('kiosk')).toBe(false);
  backlog.grew('kiosk');
  expect(backlog.isFullFor('kiosk')).toBe(false);
  backlog.grew('kiosk');
  expect(backlog.isFullFor('kiosk')).toBe(true);
});

test('the backlog reports the age of its oldest order, and the time since it was counted', async () => {
  const backlog = backlogOf({ shop: 1 });
  const before = performance.now();
  await backlog.refresh();
  const { age = 0 } = backlog.snapshot() ?? {};
  expect(age).toBeGreaterThanOrEqual(1);
  expect(age).toBeLessThanOrEqual(1 + performance.now() - before);
});

test('a replica that cannot count for a minute reports no backlog, because others may have settled it', async () => {
  vi.useFakeTimers();
  try {
    let fault: Error | undefined;
    const count = async () => {
      if (fault) throw fault;
      return { pending: 1, byClient: new Map([['shop', 1]]), age: 20_000 };
    };
    const backlog = createBacklog({ backlog: count }, policy);
    expect(backlog.snapshot()).toBeUndefined();
    await backlog.refresh();
    fault = new Error('no way to Postgres');
    await expect(backlog.refresh()).rejects.toBe(fault);
    vi.advanceTimersByTime(60_000);
    expect(backlog.snapshot()).toEqual({ pending: 1, age: 80_000 });
    await expect(backlog.refresh()).rejects.toBe(fault);
    vi.advanceTimersByTime(1);
    expect(backlog.snapshot()).toBeUndefined();
    fault = undefined;
    await backlog.refresh();
    expect(backlog.snapshot()).toEqual({ pending: 1, age: 20_000 });
  } finally {
    vi.useRealTimers();
  }
});

test('the backlog never exceeds its bound, and keeps room for a newcomer until the room is less than an order', () => {
  const arrivals = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 300 });
  const policies = fc.record({
    maxPending: fc.integer({ min: 1, max: 100 }),
    clientShare: fc.double({ min: 0.01, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(policies, arrivals, (bounds, clients) => {
      const backlog = backlogOf({}, bounds);
      let pending = 0;
      for (const client of clients) {
        if (backlog.isFullFor(client)) continue;
        backlog.grew(client);
        pending += 1;
      }
      expect(pending).toBeLessThanOrEqual(bounds.maxPending);
      // A newcomer is refused only if nothing is left.
      expect(backlog.isFullFor('newcomer')).toBe(pending === bounds.maxPending);
    }),
  );
});

test('the backlog knows whether orders of several clients are pending, also of those since the last count', async () => {
  const counts = [{ pending: 1, byClient: new Map([['shop', 1]]), age: 1 }];
  const none = { pending: 0, byClient: new Map(), age: undefined };
  const backlog = createBacklog({ backlog: async () => counts.shift() ?? none }, policy);
  await backlog.refresh();
  expect(backlog.isOfSeveral()).toBe(false);
  backlog.grew('shop');
  expect(backlog.isOfSeveral()).toBe(false);
  backlog.grew('pos');
  expect(backlog.isOfSeveral()).toBe(true);
  await backlog.refresh();
  expect(backlog.isOfSeveral()).toBe(false);
});
