import * as fc from 'fast-check';
import { Registry, type RegistryContentType } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { parseExposition } from '../../../lab/harness/exposition.ts';
import { createInstruments } from '../../../src/telemetry/metrics/instruments.ts';

const formats = ['openmetrics', 'prometheus'] as const;

function setUp() {
  const registry: Registry<RegistryContentType> = new Registry();
  const scrape = async (format: (typeof formats)[number] = 'openmetrics') => {
    registry.setContentType(
      format === 'openmetrics' ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE,
    );
    return parseExposition(await registry.metrics(), format);
  };
  return { registry, instruments: createInstruments(registry), scrape };
}

describe('the exposition', () => {
  test.each(formats)('the exposition reads back in %s', async (format) => {
    const { instruments, scrape } = setUp();
    const orders = instruments.counter({
      name: 'orders_total',
      help: 'Orders.',
      labels: ['status', 'currency'],
    });
    orders.child('paid', 'EUR').increment();
    orders.child('paid', 'EUR').increment(2.5);
    orders.child('declined', 'EUR');
    instruments.gauge({ name: 'in_flight', help: 'Now.' }).child().add(-3);
    const duration = instruments
      .histogram({ name: 'wait_seconds', help: 'Wait.', buckets: [0.25, 1] })
      .child();
    for (const value of [0, 0.25, 0.5, 7]) duration.observe(value);

    // Twice, because prom-client renames counters while it renders them.
    for (const { types, samples } of [await scrape(format), await scrape(format)]) {
      const counterFamily = format === 'openmetrics' ? 'orders' : 'orders_total';
      expect(types).toEqual({ [counterFamily]: 'counter', in_flight: 'gauge', wait_seconds: 'histogram' });
      expect(samples).toEqual([
        { name: 'orders_total', labels: { status: 'paid', currency: 'EUR' }, value: 3.5 },
        { name: 'orders_total', labels: { status: 'declined', currency: 'EUR' }, value: 0 },
        { name: 'in_flight', labels: {}, value: -3 },
        { name: 'wait_seconds_bucket', labels: { le: '0.25' }, value: 2 },
        { name: 'wait_seconds_bucket', labels: { le: '1.0' }, value: 3 },
        { name: 'wait_seconds_bucket', labels: { le: '+Inf' }, value: 4 },
        { name: 'wait_seconds_sum', labels: {}, value: 7.75 },
        { name: 'wait_seconds_count', labels: {}, value: 4 },
      ]);
    }
  });

  test('the exposition keeps the names of counters when scrapers alternate between the formats', async () => {
    const { instruments, scrape } = setUp();
    instruments.counter({ name: 'orders_total', help: 'Orders.' }).child();
    for (const format of [...formats, ...formats]) {
      expect((await scrape(format)).samples).toEqual([{ name: 'orders_total', labels: {}, value: 0 }]);
    }
  });

  test.each(formats)('the exposition preserves any label value in %s', async (format) => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(
          fc.string({ unit: fc.constantFrom('a', 'n', '"', '\\', '\n', ',', '}', '=', '#', ' ', 'é') }),
        ),
        async (values) => {
          const { instruments, scrape } = setUp();
          const metric = instruments.gauge({ name: 'g', help: 'G.', labels: ['before', 'value'] });
          for (const value of values) metric.child('x', value);
          const { samples } = await scrape(format);
          expect(samples.map((sample) => sample.labels['value'])).toEqual(values);
        },
      ),
    );
  });

  test('the exposition as JSON has the same labels', async () => {
    const { registry, instruments } = setUp();
    instruments
      .histogram({ name: 'h', help: 'H.', labels: ['a'], buckets: [1] })
      .child('x')
      .observe(0.5);
    const [metric] = await registry.getMetricsAsJSON();
    expect(metric?.values).toMatchObject([
      { metricName: 'h_bucket', labels: { a: 'x', le: '1.0' }, value: 1 },
      { metricName: 'h_bucket', labels: { a: 'x', le: '+Inf' }, value: 1 },
      { metricName: 'h_sum', labels: { a: 'x' }, value: 0.5 },
      { metricName: 'h_count', labels: { a: 'x' }, value: 1 },
    ]);
  });
});

describe('a histogram', () => {
  const bounds = fc
    .uniqueArray(fc.double({ min: 0.001, max: 1000, noNaN: true }), { minLength: 1, maxLength: 20 })
    .map((values) => values.toSorted((a, b) => a - b));

  test('a histogram counts like a naive model', async () => {
    await fc.assert(
      fc.asyncProperty(
        // Values on a bound are the likely mistake.
        bounds.chain((buckets) =>
          fc.tuple(
            fc.constant(buckets),
            fc.array(fc.oneof(fc.constantFrom(...buckets), fc.double({ min: 0, max: 2000, noNaN: true })), {
              maxLength: 200,
            }),
          ),
        ),
        async ([buckets, values]) => {
          const { instruments, scrape } = setUp();
          const child = instruments.histogram({ name: 'h', help: 'H.', buckets }).child();
          for (const value of values) child.observe(value);

          const { samples } = await scrape();
          expect(samples.map(({ value }) => value)).toEqual([
            ...[...buckets, Infinity].map((bound) => values.filter((value) => value <= bound).length),
            values.reduce((sum, value) => sum + value, 0),
            values.length,
          ]);
          expect(
            samples.slice(0, -2).map((sample) => Number(sample.labels['le']?.replace('Inf', 'Infinity'))),
          ).toEqual([...buckets, Infinity]);
        },
      ),
    );
  });

  test('a histogram shows the newest trace of each bucket, and only in OpenMetrics', async () => {
    const { instruments, scrape } = setUp();
    const child = instruments
      .histogram({ name: 'h', help: 'H.', labels: ['a'], buckets: [1, 2, 3] })
      .child('x');
    const earliest = Date.now() / 1000;
    child.observe(0.5, 'older');
    child.observe(0.75, 'newer');
    child.observe(0.9);
    child.observe(2.5);
    child.observe(9, 'beyond');
    const latest = Date.now() / 1000;

    const { samples } = await scrape('openmetrics');
    const exemplars = samples.filter(({ exemplar }) => exemplar);
    expect(exemplars.map(({ labels: { le }, exemplar }) => [le, exemplar?.labels, exemplar?.value])).toEqual([
      ['1.0', { trace_id: 'newer' }, 0.75],
      ['+Inf', { trace_id: 'beyond' }, 9],
    ]);
    for (const { exemplar } of exemplars) {
      expect(exemplar?.timestamp).toBeGreaterThanOrEqual(earliest);
      expect(exemplar?.timestamp).toBeLessThanOrEqual(latest);
    }
    expect((await scrape('prometheus')).samples.filter(({ exemplar }) => exemplar)).toEqual([]);
  });

  test('a histogram of one label combination does not affect the others', async () => {
    const { instruments, scrape } = setUp();
    const metric = instruments.histogram({ name: 'h', help: 'H.', labels: ['a'], buckets: [1] });
    metric.child('x').observe(0.5, 'trace');
    metric.child('y');
    const { samples } = await scrape();
    const ofY = samples.filter((sample) => sample.labels['a'] === 'y');
    expect(ofY.map(({ value, exemplar }) => [value, exemplar])).toEqual(
      [0, 0, 0, 0].map((zero) => [zero, undefined]),
    );
  });
});
