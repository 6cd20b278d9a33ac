import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { requestLease, type StepBounds } from './lease.ts';

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
