import fc from 'fast-check';
import { expect, test } from 'vitest';
import { figure } from './format.ts';
import {
  briefDate,
  dateLabels,
  decadesAround,
  distinctLabels,
  linearLabels,
  linearTicks,
  timeTicks,
  withHeadroom,
  withoutRest,
} from './ticks.ts';

test.each([
  ['a count of one', 0.5, 3, true, ['0', '1']],
  ['no data', 0, 3, true, ['0', '1']],
  ['a count of three', 3, 3, true, ['0', '2', '4']],
  ['a rate below one', 0.4, 2, false, ['0.0/s', '0.5/s']],
  ['a rate of 24', 24, 3, false, ['0/s', '10/s', '20/s', '30/s']],
  ['ten thousand', 11_000, 3, false, ['0k/s', '5k/s', '10k/s', '15k/s']],
  ['ten thousand million', 11e9, 3, false, ['0G/s', '5G/s', '10G/s', '15G/s']],
])('the axis of %s has the labels that a reader expects', (_what, largest, most, isWhole, labels) => {
  const ticks = linearTicks(withHeadroom(largest, isWhole), most, isWhole);
  expect(linearLabels(ticks, isWhole ? '' : '/s')).toEqual(labels);
});

const largest = fc.oneof(
  fc.double({ min: 0, max: 1e9, noNaN: true }),
  fc.double({ min: 0, max: 2, noNaN: true }),
  fc.nat(2_000_000),
);

test('an axis of any values starts at 0, ends above them, and repeats and rounds no label', () => {
  fc.assert(
    fc.property(largest, fc.integer({ min: 1, max: 6 }), fc.boolean(), (value, most, isWhole) => {
      const ticks = linearTicks(withHeadroom(value, isWhole), most, isWhole);
      const top = ticks.at(-1) ?? 0;
      const labels = linearLabels(ticks);
      expect(ticks[0]).toBe(0);
      expect(top).toBeGreaterThan(value);
      expect(ticks.length).toBeLessThanOrEqual(most + 1);
      expect(new Set(labels).size).toBe(labels.length);
      expect(linearTicks(top, most, isWhole)).toEqual(ticks);
      if (isWhole) expect(ticks.every((tick) => Number.isInteger(tick))).toBe(true);
      for (const [index, label] of labels.entries()) {
        const factor = { k: 1000, M: 1_000_000 }[label.slice(-1)] ?? 1;
        expect(Number(label.replaceAll(/[,kM]/g, '')) * factor).toBeCloseTo(ticks[index] ?? -1, 6);
        expect(label.length).toBeLessThanOrEqual(7);
      }
    }),
  );
});

test.each([
  ['far apart', [0, 5000, 10_000], ['0', '5,000', '10,000']],
  ['near to each other', [20.0025, 20.005, 20.0075], ['20.0025', '20.0050', '20.0075']],
  ['too near for their digits', [1_234_567.5, 1_234_568, 1_234_568.5], ['1.235M', '+0.5', '+1']],
])('values that are %s have labels of their own', (_what, ticks, labels) => {
  expect(distinctLabels(ticks, figure)).toEqual(labels);
});

test.each([
  ['seconds', 0.2, ['14:03:20', '+0.2', '+0.4']],
  ['minutes', 50, ['14:03:20', '14:04:10', '14:05:00']],
  ['days', 50_000, ['29 14:03', '30 03:56', '30 17:50']],
  ['weeks', 500_000, ['11-29', '12-05', '12-11']],
  ['years', 5e7, ['2026-11', '2028-06', '2030-01']],
])('Unix times within %s have the parts of their dates that tell them apart', (_what, step, labels) => {
  const first = new Date(2026, 10, 29, 14, 3, 20).getTime() / 1000;
  expect(dateLabels([first, first + step, first + 2 * step])).toEqual(labels);
});

test('a date beside a plot is a time today and a day otherwise, as far as it is one', () => {
  const today = new Date().setHours(14, 3, 20, 0) / 1000;
  expect([today, today - 86_400 * 400, 1e18].map((time) => briefDate(time))).toEqual([
    '14:03:20',
    expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    '1e18',
  ]);
});

test('an axis of any values repeats no label, and no label is wider than the axis', () => {
  const steps = fc.tuple(fc.constantFrom(1, 2, 2.5, 5), fc.integer({ min: -3, max: 9 }));
  fc.assert(
    fc.property(steps, fc.integer({ min: -1e6, max: 1e6 }), ([factor, exponent], from) => {
      const step = factor * 10 ** exponent;
      const ticks = Array.from({ length: 6 }, (_none, index) => Number(((from + index) * step).toFixed(4)));
      for (const labels of [distinctLabels(ticks, figure), dateLabels(ticks)]) {
        expect(new Set(labels).size).toBe(ticks.length);
        expect(Math.max(...labels.map(({ length }) => length))).toBeLessThanOrEqual(9);
      }
    }),
  );
});

test('a logarithmic axis holds every positive value between two of its decades', () => {
  const seconds = fc.oneof(
    fc.double({ min: 1e-7, max: 1e5, noNaN: true }),
    fc.integer({ min: -7, max: 5 }).map((exponent) => 10 ** exponent),
    fc.constant(0),
  );
  fc.assert(
    fc.property(fc.array(seconds), (values) => {
      const [low, high] = decadesAround(values);
      for (const value of values.filter((each) => each > 0)) {
        expect(value).toBeGreaterThanOrEqual(low * (1 - 1e-9));
        expect(value).toBeLessThanOrEqual(high * (1 + 1e-9));
      }
      expect(high / low).toBeGreaterThanOrEqual(99.999);
      for (const bound of [low, high])
        expect(Math.log10(bound)).toBeCloseTo(Math.round(Math.log10(bound)), 9);
    }),
  );
  expect(decadesAround([0.0004, 0.2])).toEqual([0.0001, 1]);
  expect(decadesAround([])).toEqual([0.001, 1]);
});

test('a time axis of any period has round times, apart from each other and from both edges', () => {
  const period = fc.record({
    from: fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }),
    length: fc.integer({ min: 2000, max: 900_000 }),
  });
  fc.assert(
    fc.property(period, fc.integer({ min: 200, max: 2000 }), ({ from, length }, width) => {
      const ticks = timeTicks({ from, to: from + length }, width);
      const places = ticks.map((tick) => ((tick - from) / length) * width);
      for (const [index, place] of places.entries()) {
        expect(place).toBeGreaterThanOrEqual(26 - 1e-6);
        expect(place).toBeLessThanOrEqual(width - 26 + 1e-6);
        if (index > 0) expect(place - (places[index - 1] ?? 0)).toBeGreaterThanOrEqual(90 - 1e-6);
        expect((ticks[index] ?? 1) % 1000).toBe(0);
      }
    }),
  );
});

test('two minutes on a usual screen have a time at least every half minute', () => {
  const from = 1_700_000_000_000;
  expect(timeTicks({ from, to: from + 120_000 }, 1000)).toHaveLength(8);
});

test('a period of decades has a few times', () => {
  expect(timeTicks({ from: 0, to: 1_764_400_000_000 }, 1000).length).toBeLessThan(12);
});

test('a line at rest is not drawn, and one that rises starts and ends at zero', () => {
  expect(withoutRest([0, 0, 0, null, 0])).toEqual([null, null, null, null, null]);
  expect(withoutRest([0, 0, 3, 0, 0, 5])).toEqual([null, 0, 3, 0, 0, 5]);
});
