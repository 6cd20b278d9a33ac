import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deadlineIn, noDeadline } from '../resilience/deadline.ts';
import { createMicroBatcher } from './micro-batcher.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const ofOneItem = new Error('one item is at fault');
const ofAll = new Error('the database is away');
const expired = new Error('expired before it was sent');

/** What becomes of one arrival. */
const arrival = fc.record({
  after: fc.integer({ min: 0, max: 20 }),
  deadline: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
  isBad: fc.boolean(),
});

test('whatever arrives, fails, and runs out of time: every caller gets the outcome of its own item, once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(arrival, { maxLength: 40 }),
      fc.array(fc.constantFrom('fine', 'of one item', 'of all'), { minLength: 1, maxLength: 8 }),
      fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 2, max: 6 }),
      async (arrivals, fates, durations, places, maxItems) => {
        let runs = 0;
        const effects = new Map<number, number>();
        const touched = new Set<number>();
        const failedWithAll = new Set<number>();
        let widest = 0;
        const wait = () =>
          new Promise((resolve) => setTimeout(resolve, durations[runs % durations.length] ?? 0));
        const takeEffect = (item: number) => effects.set(item, (effects.get(item) ?? 0) + 1);
        const batcher = createMicroBatcher<number, string>({
          places,
          maxItems,
          lateAfter: 5,
          slowAfter: 25,
          patience: 10,
          async runTogether(items) {
            widest = Math.max(widest, items.length);
            for (const item of items) touched.add(item);
            const fate = fates[(runs += 1) % fates.length];
            await wait();
            if (fate === 'of all') {
              for (const item of items) failedWithAll.add(item);
              throw ofAll;
            }
            if (fate === 'of one item' || items.some((item) => arrivals[item]?.isBad)) throw ofOneItem;
            items.forEach(takeEffect);
            return items.map((item) => `result of ${item}`);
          },
          async runAlone(item) {
            touched.add(item);
            runs += 1;
            await wait();
            if (arrivals[item]?.isBad) throw new Error(`fault of ${item}`);
            takeEffect(item);
            return `result of ${item}`;
          },
          isOfOneItem: (error) => error === ofOneItem,
          expired: () => expired,
        });

        const outcomes = arrivals.map(async ({ after, deadline }, item) => {
          await new Promise((resolve) => setTimeout(resolve, after));
          return batcher.add(item, deadline === undefined ? noDeadline : deadlineIn(deadline));
        });
        const settled = Promise.allSettled(outcomes);
        await vi.runAllTimersAsync();
        for (const [item, outcome] of (await settled).entries()) {
          const times = effects.get(item) ?? 0;
          if (outcome.status === 'fulfilled') {
            expect(outcome.value).toBe(`result of ${item}`);
            expect(times).toBe(1);
          } else {
            expect(times).toBe(0);
            if (outcome.reason === expired) expect(touched).not.toContain(item);
            else if (outcome.reason === ofAll) expect(failedWithAll).toContain(item);
            else expect(outcome.reason).toEqual(new Error(`fault of ${item}`));
          }
        }
        expect(widest).toBeLessThanOrEqual(maxItems);
        expect(batcher.state()).toEqual({ inFlight: 0, waiting: 0 });
        expect(batcher.completed()).toBe(arrivals.length);
      },
    ),
    { numRuns: fc.readConfigureGlobal().numRuns ?? 300 },
  );
});
