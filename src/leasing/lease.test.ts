import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { requestLease, type StepBounds, workerLease } from './lease.ts';

const bounds: fc.Arbitrary<StepBounds> = fc.record({
  statement: fc.integer({ min: 0, max: 60_000 }),
  call: fc.integer({ min: 0, max: 60_000 }),
  attempt: fc.integer({ min: 0, max: 60_000 }),
});
/** A part of its upper bound that a step takes. */
const part = fc.double({ min: 0, max: 1, noNaN: true });

test('a request’s lease outlasts the request, however long each of its steps takes', () => {
  fc.assert(
    fc.property(bounds, part, part, part, (steps, taking, calling, ending) => {
      const worked = steps.statement * taking + steps.call * calling + steps.statement * ending;
      expect(requestLease(steps)).toBeGreaterThan(worked);
    }),
  );
});

test('a worker’s lease outlasts its batch, however its lanes share the work', () => {
  const worker = fc.record({
    batchSize: fc.integer({ min: 1, max: 100 }),
    concurrency: fc.integer({ min: 1, max: 20 }),
  });
  const pieces = fc.array(fc.tuple(part, part), { minLength: 100, maxLength: 100 });
  fc.assert(
    fc.property(bounds, worker, part, pieces, (steps, { batchSize, concurrency }, taking, durations) => {
      // The lease starts in the statement that takes the batch. A lane takes the next piece as soon as it is free.
      const lanes = Array.from({ length: concurrency }, () => steps.statement * taking);
      for (const [attempting, ending] of durations.slice(0, batchSize)) {
        const free = lanes.indexOf(Math.min(...lanes));
        lanes[free] = Math.min(...lanes) + steps.attempt * attempting + steps.statement * ending;
      }
      expect(workerLease(steps, { batchSize, concurrency })).toBeGreaterThan(Math.max(...lanes));
    }),
  );
});

test('a worker’s lease is no longer than its longest lane can take, because a crash keeps its work for so long', () => {
  const steps = { statement: 100, call: 5000, attempt: 1000 };
  // Ten orders in five lanes are two in each; and a second for timers.
  expect(workerLease(steps, { batchSize: 10, concurrency: 5 })).toBe(100 + 2 * 1100 + 1000);
});
