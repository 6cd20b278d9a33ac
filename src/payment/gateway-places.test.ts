import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createGatewayPlaces, type NoPlace, type Place } from './gateway-places.ts';

const policy = { connections: 16, clientShare: 0.75 };
const timeLimit = 500;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function placesOf(overrides: Partial<typeof policy> = {}) {
  const refused: string[] = [];
  const places = createGatewayPlaces({ ...policy, ...overrides }, (client) => refused.push(client));
  /** Every request so far, and what became of it. */
  const outcomes: Array<{ client: string; outcome: Place | NoPlace | undefined }> = [];
  async function enter(client: string, times = 1) {
    for (let time = 0; time < times; time += 1) {
      const entry: (typeof outcomes)[number] = { client, outcome: undefined };
      outcomes.push(entry);
      void places.enter(client, { running: timeLimit }).then((outcome) => {
        entry.outcome = outcome;
      });
    }
    await vi.advanceTimersByTimeAsync(0);
  }
  /** Of the client's requests: those that hold a place, wait, and were refused one. */
  const of = (client: string) => {
    const own = outcomes.filter((entry) => entry.client === client).map(({ outcome }) => outcome?.kind);
    return ['place', undefined, 'share_used', 'all_taken'].map(
      (kind) => own.filter((k) => k === kind).length,
    );
  };
  /** Ends the client's longest request. */
  async function leave(client: string) {
    const index = outcomes.findIndex((entry) => entry.client === client && entry.outcome?.kind === 'place');
    const [ended] = outcomes.splice(index, 1);
    if (ended?.outcome?.kind === 'place') ended.outcome.leave();
    await vi.advanceTimersByTimeAsync(0);
  }
  return { places, enter, leave, of, refused, outcomes };
}

test('a client alone may hold every place, and waits for a further one', async () => {
  const { places, enter, of } = placesOf();
  await enter('shop', 18);
  expect(of('shop')).toEqual([16, 2, 0, 0]);
  expect(places.waiting()).toBe(2);
  await vi.advanceTimersByTimeAsync(timeLimit + 1);
  expect(of('shop')).toEqual([16, 0, 0, 2]);
  expect(places.waiting()).toBe(0);
});

test('a client holds its share at most while another one uses the gateway, and is told so once', async () => {
  const { enter, leave, of, refused } = placesOf();
  await enter('pos');
  await leave('pos');
  await enter('shop', 20);
  expect(of('shop')).toEqual([12, 0, 8, 0]);
  expect(refused).toEqual(['shop']);
  await enter('pos', 3);
  expect(of('pos')).toEqual([3, 0, 0, 0]);
});

test('a client may hold every place again once the others have been quiet for a while', async () => {
  const { enter, leave, of } = placesOf();
  await enter('pos');
  await leave('pos');
  await vi.advanceTimersByTimeAsync(10_000);
  await enter('shop', 16);
  expect(of('shop')).toEqual([16, 0, 0, 0]);
});

test('a place that becomes free goes to the client that holds the fewest, before those that have waited longer', async () => {
  const { enter, leave, of } = placesOf();
  await enter('shop', 20);
  await enter('pos', 4);
  expect(of('pos')).toEqual([0, 3, 1, 0]);
  for (let place = 0; place < 3; place += 1) await leave('shop');
  expect(of('pos')).toEqual([3, 0, 1, 0]);
  // A place above the share of `shop` stays free for others, although `shop` waits.
  await leave('shop');
  expect(of('shop')).toEqual([12, 4, 0, 0]);
});

test.each([1, 2])('a client gets a place although there are only %i', async (connections) => {
  const { enter, of } = placesOf({ connections });
  await enter('pos');
  await enter('shop');
  expect(of('pos')[0]).toBe(1);
  expect(of('shop')).toEqual(connections === 1 ? [0, 1, 0, 0] : [1, 0, 0, 0]);
});

test('every place is held by one request at most, and none stays empty while somebody may have it', async () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean()), { maxLength: 80 });
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 9 }), async (taken, connections) => {
      const { places, enter, leave, outcomes } = placesOf({ connections });
      let left = 0;
      const held = () => outcomes.filter(({ outcome }) => outcome?.kind === 'place');
      for (const [client, enters] of taken) {
        if (enters) await enter(client);
        else if (held().some((entry) => entry.client === client)) {
          await leave(client);
          left += 1;
        }
        expect(held().length).toBeLessThanOrEqual(connections);
        const waiting = outcomes.filter(({ outcome }) => outcome === undefined);
        expect(places.waiting()).toBe(waiting.length);
        // A client that holds nothing waits only for places that are all taken.
        const empty = waiting.filter(({ client: each }) => held().every((entry) => entry.client !== each));
        if (empty.length > 0) expect(held().length).toBe(connections);
      }
      expect(places.completed()).toBe(left);
      await vi.advanceTimersByTimeAsync(timeLimit + 1);
      expect(places.waiting()).toBe(0);
    }),
    { numRuns: 100 },
  );
});

test('a request whose wait for a place is cut short leaves the queue, and its place goes to the next one', async () => {
  const { places, enter, leave, of } = placesOf({ connections: 1 });
  await enter('shop');
  const stopping = new AbortController();
  const cut = places.enter('shop', { running: timeLimit }, stopping.signal);
  await enter('shop');
  stopping.abort();
  expect(await cut).toEqual({ kind: 'all_taken' });
  expect(places.waiting()).toBe(1);
  await leave('shop');
  expect(of('shop')).toEqual([1, 0, 0, 0]);
});
