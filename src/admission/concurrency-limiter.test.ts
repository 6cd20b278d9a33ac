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

function limiterWith(overrides: Partial<Setting> = {}) {
  const setting: Setting = { limit: 10, queueBound: 4, loopLate: false, ...overrides };
  const limiter = createConcurrencyLimiter({
    limit: () => setting.limit,
    queueBound: () => setting.queueBound,
    queueTimeout: 50,
    loopLate: () => setting.loopLate,
  });
  return { limiter, setting };
}

/** A request and its state. */
interface Visitor {
  priority: Priority;
  state: 'queued' | 'in flight' | 'gone';
  reason?: Shed['reason'];
  ownLimit?: boolean | undefined;
  decisions: number;
  leave: () => void;
  abandon: () => void;
}

function arrive(limiter: ConcurrencyLimiter, priority: Priority, timeLimit = Infinity): Visitor {
  const visitor: Visitor = { priority, state: 'queued', decisions: 0, leave() {}, abandon() {} };
  const decide = (decision: Admitted | Shed) => {
    visitor.decisions += 1;
    visitor.state = decision.kind === 'admitted' ? 'in flight' : 'gone';
    if (decision.kind === 'admitted') visitor.leave = decision.leave;
    else {
      visitor.reason = decision.reason;
      visitor.ownLimit = decision.ownLimit;
    }
  };
  const entrance = limiter.enter(priority, timeLimit, decide);
  if (entrance.kind === 'queued') visitor.abandon = entrance.abandon;
  else decide(entrance);
  return visitor;
}

const many = (limiter: ConcurrencyLimiter, priority: Priority, count: number) =>
  Array.from({ length: count }, () => arrive(limiter, priority));
const statesOf = (visitors: readonly Visitor[]) => visitors.map(({ state }) => state);
const waitOut = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

describe('the concurrency limiter', () => {
  test('the concurrency limiter admits a priority up to its share of the limit and reserves the rest for higher ones', () => {
    const { limiter } = limiterWith({ queueBound: 0 });
    expect(statesOf(many(limiter, 'list', 6))).toEqual([...Array(5).fill('in flight'), 'gone']);
    expect(statesOf(many(limiter, 'place', 5))).toEqual([...Array(4).fill('in flight'), 'gone']);
    expect(statesOf(many(limiter, 'read', 2))).toEqual(['in flight', 'gone']);
  });

  test('the concurrency limiter admits queued requests by priority, then by arrival', () => {
    const { limiter } = limiterWith();
    const inFlight = many(limiter, 'read', 10);
    const [place, read, list, laterRead] = (['place', 'read', 'list', 'read'] as const).map((priority) =>
      arrive(limiter, priority),
    );
    const nextAfter = (count: number) => {
      for (const visitor of inFlight.splice(0, count)) visitor.leave();
      return [place, read, list, laterRead].map((visitor) => visitor?.state);
    };
    expect(nextAfter(1)).toEqual(['queued', 'in flight', 'queued', 'queued']);
    expect(nextAfter(1)).toEqual(['queued', 'in flight', 'queued', 'in flight']);
    expect(nextAfter(2)).toEqual(['in flight', 'in flight', 'queued', 'in flight']);
  });

  test('the concurrency limiter displaces the last queued request of the lowest priority when a higher one arrives', () => {
    const { limiter } = limiterWith({ queueBound: 2 });
    many(limiter, 'read', 10);
    const [first, last] = many(limiter, 'list', 2);
    const place = arrive(limiter, 'place');
    expect([first?.state, last?.reason, place.state]).toEqual(['queued', 'queue_full', 'queued']);
    expect(arrive(limiter, 'list').reason).toBe('queue_full');
  });

  test('the concurrency limiter displaces from the lowest priority first, and from none that is not below', () => {
    const { limiter } = limiterWith({ queueBound: 3 });
    many(limiter, 'read', 10);
    const [place, list, finish] = (['place', 'list', 'finish'] as const).map((each) => arrive(limiter, each));
    arrive(limiter, 'finish');
    expect([place?.state, list?.state, finish?.state]).toEqual(['queued', 'gone', 'queued']);
    arrive(limiter, 'finish');
    expect([place?.state, finish?.state]).toEqual(['gone', 'queued']);
    expect(arrive(limiter, 'finish').reason).toBe('queue_full');
  });

  test('the concurrency limiter takes the queue timeout for the reason when both limits end at once', async () => {
    const { limiter } = limiterWith();
    many(limiter, 'read', 10);
    const waiting = arrive(limiter, 'read', 50);
    await waitOut(51);
    expect([waiting.reason, waiting.ownLimit]).toEqual(['queue_timeout', undefined]);
  });

  test('the concurrency limiter sheds a queued request at the queue timeout or at its own time limit', async () => {
    const { limiter } = limiterWith();
    many(limiter, 'read', 10);
    const [patient, hasty] = [arrive(limiter, 'read'), arrive(limiter, 'read', 20)];
    await waitOut(21);
    expect([patient.state, hasty.reason, hasty.ownLimit]).toEqual(['queued', 'queue_timeout', true]);
    await waitOut(30);
    expect([patient.reason, patient.ownLimit]).toEqual(['queue_timeout', undefined]);
    expect(limiter.state()).toEqual({ inFlight: 10, queued: 0 });
  });

  test('the concurrency limiter admits a queued request for which a stall of the event loop freed a slot', async () => {
    const { limiter } = limiterWith();
    const [visitor] = many(limiter, 'read', 10);
    const waiting = arrive(limiter, 'read');
    // After a stall the event loop runs the due timers first, then reads what has arrived.
    setTimeout(() => setImmediate(() => visitor?.leave()), 49);
    await waitOut(60);
    expect(waiting.state).toBe('in flight');
  });

  test('the concurrency limiter queues nothing and sheds the lowest priority while the event loop lags', () => {
    const { limiter } = limiterWith({ loopLate: true });
    expect(arrive(limiter, 'list').reason).toBe('event_loop');
    expect(statesOf(many(limiter, 'read', 10))).toEqual(Array(10).fill('in flight'));
    expect(arrive(limiter, 'read').reason).toBe('event_loop');
  });

  test('the concurrency limiter admits queued requests when the limit grows', () => {
    const { limiter, setting } = limiterWith();
    many(limiter, 'read', 10);
    const waiting = many(limiter, 'read', 3);
    setting.limit = 12;
    limiter.admitQueued();
    expect(statesOf(waiting)).toEqual(['in flight', 'in flight', 'queued']);
  });

  test('the concurrency limiter returns the peak of requests in flight since the last call', () => {
    const { limiter } = limiterWith();
    const visitors = many(limiter, 'read', 7);
    for (const visitor of visitors) visitor.leave();
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

test('the concurrency limiter gives no slot twice, keeps its bounds and never lets a lower priority overtake', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 20, maxLength: 150 }), async (steps) => {
      const { limiter, setting } = limiterWith();
      const visitors: Visitor[] = [];
      const those = (state: Visitor['state']) => visitors.filter((visitor) => visitor.state === state);
      const pick = (state: Visitor['state'], which: number) => those(state)[which % those(state).length];

      for (const step of steps) {
        const inFlightBefore = those('in flight');
        await take(step);
        const entered = those('in flight').filter((visitor) => !inFlightBefore.includes(visitor));
        const inFlight = those('in flight').length;
        expect(limiter.state()).toEqual({ inFlight, queued: those('queued').length });
        expect(those('queued').length).toBeLessThanOrEqual(setting.queueBound);
        // A lower limit takes no slot away, but nothing is admitted above it.
        for (const { priority } of entered) {
          expect(inFlight).toBeLessThanOrEqual(roomFor(priority, setting.limit));
        }
        for (const { priority } of those('queued')) {
          expect(inFlight).toBeGreaterThanOrEqual(roomFor(priority, setting.limit));
        }
        for (const { decisions } of visitors) expect(decisions).toBeLessThanOrEqual(1);
      }
      for (const visitor of visitors) visitor.leave();
      await waitOut(100);
      for (const visitor of visitors) visitor.leave();
      expect(limiter.state()).toEqual({ inFlight: 0, queued: 0 });

      async function take(step: Step): Promise<void> {
        switch (step.kind) {
          case 'arrive': {
            const visitor = arrive(limiter, step.priority, step.timeLimit);
            visitors.push(visitor);
            if (visitor.reason !== 'queue_full') return;
            const { rank } = priorities[visitor.priority];
            expect(those('queued').every((other) => priorities[other.priority].rank <= rank)).toBe(true);
            return;
          }
          case 'leave': {
            const visitor = pick('in flight', step.which);
            visitor?.leave();
            if (visitor) visitor.state = 'gone';
            return;
          }
          case 'leave again':
            pick('gone', step.which)?.leave();
            return;
          case 'abandon': {
            const visitor = pick('queued', step.which);
            visitor?.abandon();
            if (visitor) visitor.state = 'gone';
            return;
          }
          case 'limit':
            setting.limit = step.limit;
            limiter.admitQueued();
            return;
          case 'late':
            setting.loopLate = step.loopLate;
            return;
          case 'wait':
            await waitOut(step.milliseconds);
        }
      }
    }),
    { numRuns: fc.readConfigureGlobal().numRuns ?? 300 },
  );
});

test('a request that abandons the queue after it was admitted takes nobody else out of it', () => {
  const { limiter } = limiterWith({ limit: 1 });
  const first = arrive(limiter, 'read');
  const [second, third] = [arrive(limiter, 'read'), arrive(limiter, 'read')];
  first.leave();
  expect([second.state, third.state]).toEqual(['in flight', 'queued']);
  second.abandon();
  expect(limiter.state()).toEqual({ inFlight: 1, queued: 1 });
  second.leave();
  expect(third.state).toBe('in flight');
});

test('the peak is the largest number of requests in flight since it was last taken', () => {
  const { limiter } = limiterWith();
  const visitors = many(limiter, 'read', 3);
  for (const visitor of visitors) visitor.leave();
  arrive(limiter, 'read');
  expect([limiter.takePeak(), limiter.takePeak()]).toEqual([3, 1]);
});
