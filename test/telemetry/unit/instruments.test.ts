import * as fc from 'fast-check';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { parseExposition } from '../../../lab/harness/exposition.ts';
import {
  createInstruments,
  type Drop,
  type InstrumentOptions,
} from '../../../src/telemetry/metrics/instruments.ts';

function setUp(options: InstrumentOptions = {}) {
  const registry = new Registry();
  const drops: Drop[] = [];
  return {
    instruments: createInstruments(registry, { onDrop: (drop) => drops.push(drop), ...options }),
    drops,
    scrape: async () => parseExposition(await registry.metrics(), 'prometheus'),
  };
}

describe('label combinations', () => {
  test('label combinations beyond the bound are recorded under other and reported', async () => {
    const { instruments, drops, scrape } = setUp({ maxChildren: 50 });
    const metric = instruments.counter({ name: 'c_total', help: 'C.', labels: ['method', 'path'] });
    const start = metric.child('GET', '/orders');
    for (let attack = 0; attack < 10_000; attack += 1) metric.child(`M${attack}`, `/${attack}`).increment();

    const { samples } = await scrape();
    expect(samples).toHaveLength(51);
    expect(samples.at(-1)).toEqual({
      name: 'c_total',
      labels: { method: 'other', path: 'other' },
      value: 10_000 - 49,
    });
    expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(10_000);
    expect(drops).toHaveLength(10_000 - 49);
    expect(drops[0]).toEqual({ metric: 'c_total', reason: 'cardinality' });
    // A child from before the attack stays as it was.
    expect(metric.child('GET', '/orders')).toBe(start);
  });

  test('label combinations beyond the bound share the child of a caller that passes other', async () => {
    const { instruments, scrape } = setUp({ maxChildren: 1 });
    const metric = instruments.counter({ name: 'c_total', help: 'C.', labels: ['a'] });
    metric.child('other').increment();
    metric.child('one too many').increment();
    expect((await scrape()).samples).toEqual([{ name: 'c_total', labels: { a: 'other' }, value: 2 }]);
  });

  test('label combinations are distinct for any characters in their values', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\0', '\n', ','), maxLength: 4 });
    fc.assert(
      fc.property(text, text, text, text, (a, b, c, d) => {
        const { instruments } = setUp();
        const metric = instruments.gauge({ name: 'g', help: 'G.', labels: ['x', 'y'] });
        const same = metric.child(a, b) === metric.child(c, d);
        expect(same).toBe(a === c && b === d);
      }),
    );
  });

  test.each([
    ['far too long', 'x'.repeat(129)],
    ['half a surrogate pair', '\uD800'],
  ])('label combinations with a value that is %s are recorded under other', async (_, value) => {
    const { instruments, drops, scrape } = setUp();
    instruments
      .counter({ name: 'c_total', help: 'C.', labels: ['a'] })
      .child(value)
      .increment();
    expect((await scrape()).samples).toEqual([{ name: 'c_total', labels: { a: 'other' }, value: 1 }]);
    expect(drops).toEqual([{ metric: 'c_total', reason: 'label' }]);
  });
});

test('a metric drops and reports a number that would corrupt it', async () => {
  const { instruments, drops, scrape } = setUp();
  const counter = instruments.counter({ name: 'c_total', help: 'C.' }).child();
  const gauge = instruments.gauge({ name: 'g', help: 'G.' }).child();
  const histogram = instruments.histogram({ name: 'h', help: 'H.', buckets: [1] }).child();
  for (const value of [-1, Number.NaN, Infinity]) {
    counter.increment(value);
    histogram.observe(value, 'trace');
  }
  gauge.set(2);
  gauge.set(Number.NaN);
  gauge.add(Infinity);
  expect((await scrape()).samples.map(({ value }) => value)).toEqual([0, 2, 0, 0, 0, 0]);
  expect(Object.groupBy(drops, ({ metric }) => metric)).toMatchObject({
    c_total: { length: 3 },
    g: { length: 2 },
    h: { length: 3 },
  });
  expect(new Set(drops.map(({ reason }) => reason))).toEqual(new Set(['value']));
});

describe('collecting', () => {
  test('a metric collects at every scrape, asynchronously if need be', async () => {
    const { instruments, scrape } = setUp();
    let asked = 0;
    instruments.gauge({
      name: 'g',
      help: 'G.',
      labels: ['state'],
      async collect(gauge) {
        await Promise.resolve();
        gauge.child('idle').set((asked += 1));
      },
    });
    expect((await scrape()).samples).toEqual([{ name: 'g', labels: { state: 'idle' }, value: 1 }]);
    expect((await scrape()).samples).toEqual([{ name: 'g', labels: { state: 'idle' }, value: 2 }]);
  });

  test('a metric whose collect fails is missing from that scrape only', async () => {
    const { instruments, drops, scrape } = setUp();
    const error = new Error('database unavailable');
    const failures = [error];
    instruments.gauge({
      name: 'g',
      help: 'G.',
      collect(gauge) {
        const failure = failures.pop();
        if (failure) throw failure;
        gauge.child().set(7);
      },
    });
    instruments.counter({ name: 'c_total', help: 'C.' }).child();
    expect((await scrape()).samples.map(({ name }) => name)).toEqual(['c_total']);
    expect(drops).toEqual([{ metric: 'g', reason: 'collect', error }]);
    expect((await scrape()).samples.map(({ name }) => name)).toEqual(['g', 'c_total']);
  });
});

describe('a definition', () => {
  const { instruments } = setUp();
  const { counter, gauge, histogram } = instruments;

  test.each<[string, () => unknown]>([
    ['a name with a dash', () => gauge({ name: 'a-b', help: 'G.' })],
    ['a counter without _total', () => counter({ name: 'c', help: 'C.' })],
    ['a gauge with _total', () => gauge({ name: 'g_total', help: 'G.' })],
    ['no help', () => gauge({ name: 'g', help: '' })],
    ['help of two lines', () => gauge({ name: 'g', help: 'a\nb' })],
    [
      'help with quotes, which OpenMetrics escapes and Prometheus does not',
      () => gauge({ name: 'g', help: '"' }),
    ],
    ['a label with a dash', () => gauge({ name: 'g', help: 'G.', labels: ['a-b'] })],
    ['a label that Prometheus reserves', () => gauge({ name: 'g', help: 'G.', labels: ['__name__'] })],
    ['a label twice', () => gauge({ name: 'g', help: 'G.', labels: ['a', 'a'] })],
    ['le on a histogram', () => histogram({ name: 'h', help: 'H.', labels: ['le'], buckets: [1] })],
    ['no buckets', () => histogram({ name: 'h', help: 'H.', buckets: [] })],
    ['buckets that do not ascend', () => histogram({ name: 'h', help: 'H.', buckets: [1, 1] })],
    ['a bucket of zero', () => histogram({ name: 'h', help: 'H.', buckets: [0, 1] })],
    ['an infinite bucket', () => histogram({ name: 'h', help: 'H.', buckets: [1, Infinity] })],
    ['a bucket that is no number', () => histogram({ name: 'h', help: 'H.', buckets: [Number.NaN] })],
  ])('a definition with %s is refused', (_, define) => {
    expect(define).toThrow(TypeError);
  });

  test('a definition with a name that is taken is refused', () => {
    gauge({ name: 'taken', help: 'G.' });
    expect(() => gauge({ name: 'taken', help: 'G.' })).toThrow('already been registered');
  });

  test('a definition fixes the number of label values at compile time and at run time', () => {
    const metric = counter({ name: 'typed_total', help: 'C.', labels: ['a', 'b'] });
    // @ts-expect-error one value is missing
    expect(() => metric.child('x')).toThrow('1 values were given for the labels [a, b].');
  });
});
