import fc from 'fast-check';
import { expect, test } from 'vitest';
import { roundTime } from './request-log.ts';

test('a time in a log line has a fraction, and is right to 5 microseconds', () => {
  const anyTime = fc.oneof(fc.double({ min: 0, max: 1e8, noNaN: true }), fc.nat({ max: 1e8 }));
  fc.assert(
    fc.property(anyTime, (milliseconds) => {
      const rounded = roundTime(milliseconds);
      expect(Number.isInteger(rounded)).toBe(false);
      expect(Math.abs(rounded - milliseconds)).toBeLessThanOrEqual(0.005_001);
      expect(JSON.stringify(rounded)).toMatch(/^\d+\.\d\d5$/);
    }),
    { numRuns: 4000 },
  );
});
