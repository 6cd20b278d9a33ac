import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Deadline, deadlineIn, noDeadline } from '../resilience/deadline.ts';
import { createMicroBatcher, type MicroBatching } from './micro-batcher.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const ofOneItem = new Error('one item is at fault');
const ofAll = new Error('the database is away');
const expired = new Error('expired before it was sent');

/** A batcher over runs that take a while and fail as they are told. */
function batcherOver(options: Partial<MicroBatching<string, string>> & { takes?: number } = {}) {
  const sent: string[][] = [];
  let running = 0;
  let most = 0;
  const pass = async () => {
    most = Math.max(most, (running += 1));
    await new Promise((resolve) => setTimeout(resolve, options.takes ?? 10));
    running -= 1;
  };
  const batcher = createMicroBatcher<string, string>({
    places: 2,
    maxItems: 4,
    lateAfter: 500,
    slowAfter: 1000,
    patience: 100,
    async runTogether(items) {
      sent.push([...items]);
      await pass();
      return items.map((item) => `${item}!`);
    },
    async runAlone(item) {
      sent.push([item]);
      await pass();
      return `${item}!`;
    },
    isOfOneItem: (error) => error === ofOneItem,
    expired: () => expired,
    ...options,
  });
  return { ...batcher, sent, most: () => most };
}

describe('A micro-batcher', () => {
  test('a micro-batcher sends an item at once while a place is free and items go alone', async () => {
    const { add, sent } = batcherOver();
    for (const item of ['a', 'b', 'c']) void add(item, noDeadline);
    expect(sent).toEqual([['a'], ['b']]);
    await vi.runAllTimersAsync();
    void add('d', noDeadline);
    expect(sent).toEqual([['a'], ['b'], ['c'], ['d']]);
    await vi.runAllTimersAsync();
  });

  test('a micro-batcher gathers the items of a turn of the event loop while items went together lately, although a place is free', async () => {
    const { add, sent } = batcherOver();
    for (const item of 'a b c d e f g h'.split(' ')) void add(item, noDeadline);
    await vi.runAllTimersAsync();
    expect(sent.splice(0)).toEqual([['a'], ['b'], ['c', 'd', 'e', 'f'], ['g', 'h']]);
    for (const item of ['i', 'j']) void add(item, noDeadline);
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(0);
    void add('k', noDeadline);
    expect(sent).toEqual([['i', 'j']]);
    await vi.runAllTimersAsync();
    expect(sent.splice(0)).toEqual([['i', 'j'], ['k']]);
    void add('l', noDeadline);
    await vi.runAllTimersAsync();
    for (const item of ['m', 'n']) void add(item, noDeadline);
    expect(sent).toEqual([['l'], ['m'], ['n']]);
    await vi.runAllTimersAsync();
  });

  /** Over a load that has made items go together: the last batch has just ended. */
  async function crowdedBatcher(options: Partial<MicroBatching<string, string>> & { takes?: number }) {
    const crowded = batcherOver(options);
    const { add, sent } = crowded;
    for (let item = 0; item < 20; item++) void add(`earlier ${item}`, noDeadline);
    await vi.runAllTimersAsync();
    sent.length = 0;
    const arrive = async (items: string) => {
      for (const item of items) void add(item, noDeadline);
      await vi.advanceTimersByTimeAsync(0);
    };
    return { ...crowded, arrive };
  }

  test('a micro-batcher runs one batch at a time while items go together, so that many share the next one', async () => {
    const { arrive, sent, state } = await crowdedBatcher({ places: 3 });
    await arrive('ab');
    await arrive('c');
    await arrive('de');
    expect(sent).toEqual([['a', 'b']]);
    expect(state()).toEqual({ inFlight: 1, waiting: 3 });
    await vi.runAllTimersAsync();
    expect(sent).toEqual([
      ['a', 'b'],
      ['c', 'd', 'e'],
    ]);
  });

  test('a micro-batcher sends a full batch beside the one that runs, while there are places', async () => {
    const { arrive, sent, state } = await crowdedBatcher({ places: 2 });
    await arrive('ab');
    await arrive('cdef');
    await arrive('ghij');
    expect(sent).toEqual([
      ['a', 'b'],
      ['c', 'd', 'e', 'f'],
    ]);
    expect(state()).toEqual({ inFlight: 2, waiting: 4 });
    await vi.runAllTimersAsync();
  });

  test('a micro-batcher no longer waits for a batch that is late, and for no more late batches than it has places', async () => {
    const { arrive, sent } = await crowdedBatcher({ places: 2, takes: 300, lateAfter: 20 });
    await arrive('a');
    await arrive('b');
    await vi.advanceTimersByTimeAsync(19);
    expect(sent).toEqual([['a']]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent).toEqual([['a'], ['b']]);
    await arrive('c');
    await vi.advanceTimersByTimeAsync(100);
    expect(sent).toEqual([['a'], ['b']]);
    await vi.runAllTimersAsync();
    expect(sent).toEqual([['a'], ['b'], ['c']]);
  });

  test('a micro-batcher sends what arrived meanwhile as one batch, in order and up to the bound', async () => {
    const { add, sent, state } = batcherOver();
    const results: Array<Promise<string>> = [];
    for (const item of 'a b c d e f g'.split(' ')) {
      results.push(add(item, noDeadline));
      // The first two arrive in turns of their own, and take the places.
      if (results.length <= 2) await vi.advanceTimersByTimeAsync(0);
    }
    expect(state()).toEqual({ inFlight: 2, waiting: 5 });
    await vi.runAllTimersAsync();
    expect(await Promise.all(results)).toEqual(['a!', 'b!', 'c!', 'd!', 'e!', 'f!', 'g!']);
    expect(sent).toEqual([['a'], ['b'], ['c', 'd', 'e', 'f'], ['g']]);
    expect(state()).toEqual({ inFlight: 0, waiting: 0 });
  });

  test('a micro-batcher runs the items of a batch alone when one of them may be at fault, so that it fails alone', async () => {
    const { add } = batcherOver({
      places: 1,
      runTogether: () => Promise.reject(ofOneItem),
      async runAlone(item) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (item === 'c') throw new Error('c is bad');
        return `${item}!`;
      },
    });
    const results = Promise.allSettled('a b c d'.split(' ').map((item) => add(item, noDeadline)));
    await vi.runAllTimersAsync();
    expect((await results).map((each) => (each.status === 'fulfilled' ? each.value : 'failed'))).toEqual([
      'a!',
      'b!',
      'failed',
      'd!',
    ]);
  });

  test('a micro-batcher fails every item of a batch when none of them is at fault', async () => {
    const { add } = batcherOver({ places: 1, runTogether: () => Promise.reject(ofAll) });
    void add('in flight', noDeadline);
    const results = Promise.allSettled('a b c'.split(' ').map((item) => add(item, noDeadline)));
    await vi.runAllTimersAsync();
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });

  test('a micro-batcher takes an item out whose deadline comes while it waits, and never sends it', async () => {
    const { add, sent } = batcherOver({ places: 1, takes: 50 });
    void add('a', noDeadline);
    await vi.advanceTimersByTimeAsync(0);
    const late = add('b', deadlineIn(20));
    const patient = add('c', noDeadline);
    const refused = late.catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    expect(await refused).toBe(expired);
    expect(await patient).toBe('c!');
    expect(sent).toEqual([['a'], ['c']]);
  });

  test('a micro-batcher refuses an item at its deadline, long before a place is free', async () => {
    const { add, state, completed } = batcherOver({ places: 1, takes: 60_000, slowAfter: 60_000 });
    void add('a', noDeadline);
    const refused = add('b', deadlineIn(20)).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(25);
    expect(await refused).toBe(expired);
    expect(state()).toEqual({ inFlight: 1, waiting: 0 });
    expect(completed()).toBe(2);
    await vi.runAllTimersAsync();
  });

  test('a micro-batcher never sends an item whose deadline has already passed, and takes no place for it', async () => {
    const { add, sent, state } = batcherOver();
    const refused = [add('a', deadlineIn(0)), add('b', deadlineIn(-1))].map((each) =>
      each.catch((error: unknown) => error),
    );
    await vi.runAllTimersAsync();
    expect(await Promise.all(refused)).toEqual([expired, expired]);
    expect(sent).toEqual([]);
    expect(state()).toEqual({ inFlight: 0, waiting: 0 });
  });

  test('a micro-batcher sends the items of every later turn while there are places, and leaves no timer behind', async () => {
    const { add, sent } = batcherOver({ places: 3 });
    for (const item of ['a', 'b', 'c']) {
      void add(item, noDeadline);
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(sent).toEqual([['a'], ['b'], ['c']]);
    await vi.advanceTimersByTimeAsync(10);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a micro-batcher does not wait for a slow batch: it gives its place back', async () => {
    const { add, sent, state } = batcherOver({ places: 1, takes: 60_000, lateAfter: 10, slowAfter: 100 });
    void add('slow', noDeadline);
    await vi.advanceTimersByTimeAsync(0);
    void add('next', noDeadline);
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual([['slow']]);
    await vi.advanceTimersByTimeAsync(100);
    expect(sent).toEqual([['slow'], ['next']]);
    expect(state()).toEqual({ inFlight: 2, waiting: 0 });
    await vi.runAllTimersAsync();
    expect(state()).toEqual({ inFlight: 0, waiting: 0 });
  });

  test('a micro-batcher bounds a batch by its earliest deadline and the patience', async () => {
    const bounds: number[] = [];
    const { add } = batcherOver({
      places: 1,
      async runTogether(items, deadline: Deadline) {
        bounds.push(deadline.remaining());
        return items;
      },
    });
    void add('a', noDeadline);
    await vi.advanceTimersByTimeAsync(0);
    void add('b', deadlineIn(5000));
    void add('c', deadlineIn(510));
    await vi.runAllTimersAsync();
    expect(bounds[0]).toBeCloseTo(600, 0);
  });
});
