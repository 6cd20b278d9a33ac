import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type Admitted,
  createConcurrencyLimiter,
  type ConcurrencyLimiter,
  type Shed,
} from './concurrency-limiter.ts';
import { type Priority, priorities, roomFor } from './priorities.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

interface Setting {
  limit: number;
  queueBound: number;
  loopLate: boolean;
}

function gateOf(overrides: Partial<Setting> = {}) {
  const setting: Setting = { limit: 10, queueBound: 4, loopLate: false, ...overrides };
  const limiter = createConcurrencyLimiter({
    limit: () => setting.limit,
    queueBound: () => setting.queueBound,
    queueTimeout: 50,
    loopLate: () => setting.loopLate,
  });
  return { limiter, setting };
}

/** A request and what has become of it. */
interface Guest {
  priority: Priority;
  state: 'waiting' | 'at work' | 'gone';
  reason?: Shed['reason'];
  ownLimit?: boolean | undefined;
  decisions: number;
  leave: () => void;
  abandon: () => void;
}

function arrive(limiter: ConcurrencyLimiter, priority: Priority, timeLimit = Infinity): Guest {
  const guest: Guest = { priority, state: 'waiting', decisions: 0, leave() {}, abandon() {} };
  const decide = (decision: Admitted | Shed) => {
    guest.decisions += 1;
    guest.state = decision.kind === 'admitted' ? 'at work' : 'gone';
    if (decision.kind === 'admitted') guest.leave = decision.leave;
    else {
      guest.reason = decision.reason;
      guest.ownLimit = decision.ownLimit;
    }
  };
  const entrance = limiter.enter(priority, timeLimit, decide);
  if (entrance.kind === 'queued') guest.abandon = entrance.abandon;
  else decide(entrance);
  return guest;
}

const many = (limiter: ConcurrencyLimiter, priority: Priority, count: number) =>
  Array.from({ length: count }, () => arrive(limiter, priority));
const statesOf = (guests: readonly Guest[]) => guests.map(({ state }) => state);
const waitOut = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

describe('a gate', () => {
  test('lets a priority have its share of the limit, and keeps the rest for those before it', () => {
    const { limiter } = gateOf({ queueBound: 0 });
    expect(statesOf(many(limiter, 'list', 6))).toEqual([...Array(5).fill('at work'), 'gone']);
    expect(statesOf(many(limiter, 'place', 5))).toEqual([...Array(4).fill('at work'), 'gone']);
    expect(statesOf(many(limiter, 'read', 2))).toEqual(['at work', 'gone']);
  });

  test('takes those that wait in the order of their priority, and of their coming', () => {
    const { limiter } = gateOf();
    const atWork = many(limiter, 'read', 10);
    const [place, read, list, laterRead] = (['place', 'read', 'list', 'read'] as const).map((priority) =>
      arrive(limiter, priority),
    );
    const nextAfter = (count: number) => {
      for (const guest of atWork.splice(0, count)) guest.leave();
      return [place, read, list, laterRead].map((guest) => guest?.state);
    };
    expect(nextAfter(1)).toEqual(['waiting', 'at work', 'waiting', 'waiting']);
    expect(nextAfter(1)).toEqual(['waiting', 'at work', 'waiting', 'at work']);
    expect(nextAfter(2)).toEqual(['at work', 'at work', 'waiting', 'at work']);
  });

  test('gives the place of the last and least of those that wait to one that is worth more', () => {
    const { limiter } = gateOf({ queueBound: 2 });
    many(limiter, 'read', 10);
    const [first, last] = many(limiter, 'list', 2);
    const place = arrive(limiter, 'place');
    expect([first?.state, last?.reason, place.state]).toEqual(['waiting', 'queue_full', 'waiting']);
    expect(arrive(limiter, 'list').reason).toBe('queue_full');
  });

  test('gives up on one that has waited for too long, or for as long as it may itself', async () => {
    const { limiter } = gateOf();
    many(limiter, 'read', 10);
    const [patient, hasty] = [arrive(limiter, 'read'), arrive(limiter, 'read', 20)];
    await waitOut(21);
    expect([patient.state, hasty.reason, hasty.ownLimit]).toEqual(['waiting', 'queue_timeout', true]);
    await waitOut(30);
    expect([patient.reason, patient.ownLimit]).toEqual(['queue_timeout', undefined]);
    expect(limiter.state()).toEqual({ inFlight: 10, queued: 0 });
  });

  test('after a stall lets those in first for whom the stall has made room', async () => {
    const { limiter } = gateOf();
    const [guest] = many(limiter, 'read', 10);
    const waiting = arrive(limiter, 'read');
    // What the event loop finds when it goes on: timers that are due, and then what has arrived.
    setTimeout(() => setImmediate(() => guest?.leave()), 49);
    await waitOut(60);
    expect(waiting.state).toBe('at work');
  });

  test('has nobody wait while the event loop is late, and takes nobody of the lowest priority', () => {
    const { limiter } = gateOf({ loopLate: true });
    expect(arrive(limiter, 'list').reason).toBe('event_loop');
    expect(statesOf(many(limiter, 'read', 10))).toEqual(Array(10).fill('at work'));
    expect(arrive(limiter, 'read').reason).toBe('event_loop');
  });

  test('lets those that wait in when its limit grows', () => {
    const { limiter, setting } = gateOf();
    many(limiter, 'read', 10);
    const waiting = many(limiter, 'read', 3);
    setting.limit = 12;
    limiter.open();
    expect(statesOf(waiting)).toEqual(['at work', 'at work', 'waiting']);
  });

  test('tells how many were at work at the most since it was last asked', () => {
    const { limiter } = gateOf();
    const guests = many(limiter, 'read', 7);
    for (const guest of guests) guest.leave();
    expect([limiter.takePeak(), limiter.takePeak()]).toEqual([7, 0]);
    expect(limiter.completed()).toBe(7);
  });
});

type Step =
  | { kind: 'arrive'; priority: Priority; timeLimit: number }
  | { kind: 'leave' | 'leave again' | 'abandon'; which: number }
  | { kind: 'limit'; limit: number }
  | { kind: 'late'; loopLate: boolean }
  | { kind: 'wait'; milliseconds: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('arrive' as const),
      priority: fc.constantFrom(...(Object.keys(priorities) as Priority[])),
      timeLimit: fc.constantFrom(1, 20, Infinity),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('leave' as const, 'leave again' as const, 'abandon' as const),
      which: fc.nat(20),
    }),
  },
  fc.record({ kind: fc.constant('limit' as const), limit: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ kind: fc.constant('late' as const), loopLate: fc.boolean() }),
  fc.record({ kind: fc.constant('wait' as const), milliseconds: fc.nat(30) }),
);

test('whoever comes, leaves and waits: no place is given twice, no bound is passed, and nobody overtakes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 20, maxLength: 150 }), async (steps) => {
      const { limiter, setting } = gateOf();
      const guests: Guest[] = [];
      const those = (state: Guest['state']) => guests.filter((guest) => guest.state === state);
      const pick = (state: Guest['state'], which: number) => those(state)[which % those(state).length];

      for (const step of steps) {
        const atWorkBefore = those('at work');
        await take(step);
        const entered = those('at work').filter((guest) => !atWorkBefore.includes(guest));
        const inFlight = those('at work').length;
        expect(limiter.state()).toEqual({ inFlight, queued: those('waiting').length });
        expect(those('waiting').length).toBeLessThanOrEqual(setting.queueBound);
        // A limit that has fallen takes no place away, but nobody enters above it.
        for (const { priority } of entered) {
          expect(inFlight).toBeLessThanOrEqual(roomFor(priority, setting.limit));
        }
        for (const { priority } of those('waiting')) {
          expect(inFlight).toBeGreaterThanOrEqual(roomFor(priority, setting.limit));
        }
        for (const { decisions } of guests) expect(decisions).toBeLessThanOrEqual(1);
      }
      for (const guest of guests) guest.leave();
      await waitOut(100);
      for (const guest of guests) guest.leave();
      expect(limiter.state()).toEqual({ inFlight: 0, queued: 0 });

      async function take(step: Step): Promise<void> {
        switch (step.kind) {
          case 'arrive': {
            const guest = arrive(limiter, step.priority, step.timeLimit);
            guests.push(guest);
            if (guest.reason !== 'queue_full') return;
            const { rank } = priorities[guest.priority];
            expect(those('waiting').every((other) => priorities[other.priority].rank <= rank)).toBe(true);
            return;
          }
          case 'leave': {
            const guest = pick('at work', step.which);
            guest?.leave();
            if (guest) guest.state = 'gone';
            return;
          }
          case 'leave again':
            pick('gone', step.which)?.leave();
            return;
          case 'abandon': {
            const guest = pick('waiting', step.which);
            guest?.abandon();
            if (guest) guest.state = 'gone';
            return;
          }
          case 'limit':
            setting.limit = step.limit;
            limiter.open();
            return;
          case 'late':
            setting.loopLate = step.loopLate;
            return;
          case 'wait':
            await waitOut(step.milliseconds);
        }
      }
    }),
    { numRuns: 300 },
  );
});
