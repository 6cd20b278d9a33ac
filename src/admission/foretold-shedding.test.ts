import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createConcurrencyLimiter } from './concurrency-limiter.ts';
import { type Priority, priorities } from './priorities.ts';

test('a request is shed exactly if that was foretold, for the reason that was foretold', () => {
  const names = Object.keys(priorities) as Priority[];
  const step = fc.record({
    priority: fc.constantFrom(...names),
    leaves: fc.boolean(),
    limit: fc.integer({ min: 1, max: 6 }),
    queueBound: fc.nat(3),
    loopLate: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const setting = { limit: 10, queueBound: 4, loopLate: false };
      const limiter = createConcurrencyLimiter({
        limit: () => setting.limit,
        queueBound: () => setting.queueBound,
        queueTimeout: 60_000,
        loopLate: () => setting.loopLate,
      });
      const queued: Array<() => void> = [];
      const leaving: Array<() => void> = [];
      for (const { priority, leaves, ...conditions } of steps) {
        Object.assign(setting, conditions);
        if (leaves) leaving.shift()?.();
        const foretold = limiter.wouldShed(priority);
        const entrance = limiter.enter(priority, Infinity, (decision) => {
          if (decision.kind === 'admitted') leaving.push(decision.leave);
        });
        if (entrance.kind === 'admitted') leaving.push(entrance.leave);
        if (entrance.kind === 'queued') queued.push(entrance.abandon);
        expect(entrance.kind === 'shed' ? entrance.reason : undefined).toBe(foretold);
      }
      for (const abandon of queued) abandon();
    }),
  );
});
