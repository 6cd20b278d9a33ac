import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { parseExposition } from '../../../lab/harness/exposition.ts';
import { pathOf } from '../../../lab/harness/path-of.ts';
import { createMetrics } from '../../../src/telemetry/metrics/metrics.ts';
import { createOrderMetrics } from '../../../src/telemetry/metrics/order-metrics.ts';

function metricsWithAllKinds() {
  const metrics = createMetrics();
  metrics.requestEnded({ method: 'POST', route: '/orders', status: 201 }, 42, 'a'.repeat(32));
  metrics.dependency('postgres', 'place_order', 'ok', 3, 'b'.repeat(32));
  createOrderMetrics(metrics.instruments).orderSettled('paid', 'EUR', 900, 50);
  metrics.batchSent('place_order', 3);
  metrics.retries('payment', 'charge', 'retried');
  return metrics;
}

test('both formats have the same samples at the same time, and only OpenMetrics has exemplars', async () => {
  const metrics = metricsWithAllKinds();
  const [first, text, openMetrics] = await Promise.all(
    (['text', 'text', 'openmetrics'] as const).map((format) => metrics.render(format)),
  );
  const plain = parseExposition(text ?? '', 'prometheus');
  const rich = parseExposition(openMetrics ?? '', 'openmetrics');
  expect(first).toContain('# TYPE process_cpu_seconds_total counter');
  const names = (samples: typeof plain.samples) => samples.map(({ name, labels }) => ({ name, labels }));
  expect(names(plain.samples)).toEqual(names(rich.samples));
  expect(plain.samples.filter(({ exemplar }) => exemplar)).toEqual([]);
  expect(rich.samples.filter(({ exemplar }) => exemplar)).toHaveLength(2);
  expect(plain.types).toMatchObject({ orders_total: 'counter', http_request_duration_seconds: 'histogram' });
  expect(rich.types).toMatchObject({ orders: 'counter', http_request_duration_seconds: 'histogram' });
});

test('a metric that loses values is named once for each reason, and every loss is counted', async () => {
  const told: string[] = [];
  const metrics = createMetrics({ onFirstDrop: ({ metric, reason }) => told.push(`${metric} ${reason}`) });
  const lost = async () => {
    const { samples } = parseExposition(await metrics.render('text'), 'prometheus');
    const ofMetrics = samples.filter(({ labels }) => labels['signal'] === 'metrics');
    return Object.fromEntries(ofMetrics.map(({ labels, value }) => [labels['reason'], value]));
  };
  expect(await lost()).toEqual({ cardinality: 0, label: 0, value: 0, collect: 0 });
  const depth = metrics.instruments.gauge({ name: 'depth', help: 'Depth.' }).child();
  for (const wrong of [Number.NaN, Infinity]) depth.set(wrong);
  const named = metrics.instruments.counter({ name: 'names_total', help: 'Names.', labels: ['name'] });
  named.child('n'.repeat(129));
  expect(await lost()).toEqual({ cardinality: 0, label: 1, value: 2, collect: 0 });
  expect(told).toEqual(['depth value', 'names_total label']);
});

// The linter of the text format: https://prometheus.io/docs/prometheus/latest/command-line/promtool/#promtool-check-metrics
test.skipIf(process.env['CI'] === undefined && pathOf('promtool') === undefined)(
  'promtool finds nothing to say about the text format',
  async () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: await metricsWithAllKinds().render('text'),
      encoding: 'utf8',
    });
    expect(stdout + stderr).toBe('');
    expect(status).toBe(0);
  },
);
