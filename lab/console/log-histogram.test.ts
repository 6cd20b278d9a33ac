import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLogHistogram } from './log-histogram.ts';

test('the quantiles of one value, or of equal ones, are this value', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.integer({ min: 1, max: 20 }),
      (value, times) => {
        const histogram = createLogHistogram();
        for (let added = 0; added < times; added += 1) histogram.add(value);
        const all = createLogHistogram();
        all.addAll(createLogHistogram());
        all.addAll(histogram);
        expect([0.5, 0.95].map((share) => all.quantile(share))).toEqual([value, value]);
      },
    ),
  );
});

test('a quantile is exact to an eighth, and not beyond the values', () => {
  const value = fc.double({ min: 0.02, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 50 }),
      fc.constantFrom(0.5, 0.95),
      (values, share) => {
        const histogram = createLogHistogram();
        for (const each of values) histogram.add(each);
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.ceil(share * values.length) - 1] ?? 0;
        const read = histogram.quantile(share) ?? 0;
        expect(Math.abs(read / exact - 1)).toBeLessThan(0.125);
        expect(read).toBeGreaterThanOrEqual(sorted[0] ?? 0);
        expect(read).toBeLessThanOrEqual(sorted.at(-1) ?? 0);
      },
    ),
  );
  expect(createLogHistogram().quantile(0.5)).toBeNull();
});
