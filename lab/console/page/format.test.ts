import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import {
  count,
  duration,
  elapsed,
  figure,
  grouped,
  inFull,
  listed,
  numberOf,
  rate,
  toTheSecond,
} from './format.ts';

test.each([
  [0.9996, '1.00 ms'],
  [9.996, '10.0 ms'],
  [99.96, '100 ms'],
  [999.6, '1.00 s'],
  [59_996, '1 min 0 s'],
  [119_700, '2 min 0 s'],
  [3_599_600, '1 h 0 min'],
  [-1500, '−1.50 s'],
])('%d ms is shown as %s, not rounded up within the smaller unit', (ms, shown) => {
  expect(duration(ms)).toBe(shown);
});

test.each([
  [5.65, '5 ms'],
  [-3, '0 ms'],
  [1234.9, '1.234 s'],
  [59_999, '59.999 s'],
  [61_000, '1 min 1 s'],
])('%d ms between two clocks is shown as %s', (ms, shown) => {
  expect(elapsed(ms)).toBe(shown);
});

test('a duration is shown with at most four digits and never as much as the next unit', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 86_400_000, noNaN: true }), (ms) => {
      expect(duration(ms)).not.toMatch(/\d{5}|1000 (?:µs|ms)|(?<![.\d])60(?:\.0+)? s|60 min/);
    }),
  );
});

test.each([
  [0.123_456_78, '0.123457'],
  [-12_345.678, '-12,345.7'],
  [1_234_567_890, '1,234,567,890'],
  [-123_456.7, '-123,457'],
  [1e18, '1e18'],
])('the number %d is shown as %s, with all digits before its point', (value, shown) => {
  expect(inFull(value)).toBe(shown);
});

test('a time in a list has its day unless the time alone is clear', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(2026, 10, 30, 0, 5) });
  const times = [
    new Date(2026, 10, 30, 23, 59, 1),
    new Date(2026, 10, 29, 23, 58, 7, 25),
    new Date(2026, 10, 27, 14, 3, 9),
    new Date(2025, 10, 27, 14, 3, 9),
    new Date(2027, 0, 2),
  ].map(Number);
  expect(times.map((time) => listed(time))).toEqual([
    '23:59:01.000',
    '23:58:07.025',
    'Nov 27 14:03',
    'Nov 27, 2025',
    'Jan 02, 2027',
  ]);
  expect(times.slice(1, 3).map((time) => toTheSecond(time))).toEqual(['23:58:07', 'Nov 27 14:03']);
  vi.useRealTimers();
});

test('a rate that is not zero does not look like zero', () => {
  expect([0, 1 / 60, 0.05, 3.14, 31.4].map((each) => rate(each))).toEqual(['0', '<0.1', '0.1', '3.1', '31']);
});

test('figures are grouped as a browser groups them in English', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1e12, max: 1e12 }),
      fc.integer({ min: 0, max: 3 }),
      (thousandths, decimals) => {
        // A value between two figures may be rounded to either, and minus zero is none.
        const value = Number((thousandths / 1000).toFixed(decimals)) + 0;
        const formatter = new Intl.NumberFormat('en', {
          minimumFractionDigits: decimals,
          maximumFractionDigits: decimals,
        });
        expect(grouped(value, decimals)).toBe(formatter.format(value));
      },
    ),
  );
  expect([0, 999, 1000, 1_234_567].map(count)).toEqual(['0', '999', '1,000', '1,234,567']);
  expect([0, 1, 1000].map((each) => numberOf(each, 'line'))).toEqual(['0 lines', '1 line', '1,000 lines']);
});

test.each([
  [0, '0'],
  [-40, '-40'],
  [0.25, '0.25'],
  [200_000, '200,000'],
  [157_286_400, '157.3M'],
  [-2_500_000_000, '-2.5G'],
  [1.5e18, '1.5e18'],
  [5e-9, '5e-9'],
])('a value of any size fits beside a plot: %s', (value, text) => {
  expect(figure(value)).toBe(text);
});
