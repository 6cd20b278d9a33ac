import { expect, test } from 'vitest';
import { evaluate } from '../../lab/console/promql/evaluate.ts';
import { parseQuery } from '../../lab/console/promql/parse.ts';
import { createSampleStore } from '../../lab/console/promql/samples.ts';
import { dashboardQueries, readDashboards } from '../support/files/observability-as-code.ts';

// What a panel shows while some of its series do not exist yet, or are 0, and what it must not count.

const dashboards = await readDashboards();

type Growth = readonly [labels: Readonly<Record<string, string>>, first: number, eachQuarterMinute: number];

/** What a panel shows of one metric after 20 minutes, by the label, over series that grow like this. */
function valuesOf(
  title: string,
  metric: string,
  series: readonly Growth[],
  label = '',
): Record<string, number> {
  const panel = dashboards.flatMap(({ panels }) => panels).find((each) => each.title === title);
  const expr = panel?.targets?.find((each) => each.expr.includes(metric))?.expr ?? '0';
  const store = createSampleStore(() => Infinity);
  for (const [labels, first, step] of series)
    for (let index = 0; index <= 80; index += 1) {
      const of = { __name__: metric, job: 'orders', instance: 'a', ...labels };
      store.add(of, index * 15_000, first + index * step);
    }
  const asked = expr
    .replaceAll('$instance', '.*')
    .replaceAll('$__range', '15m')
    .replaceAll('$__rate_interval', '1m')
    // What a panel shows in place of no series at all, which the console's PromQL cannot name.
    .replace(/ or on \(\) label_replace\(.*$/, '');
  const result = evaluate(parseQuery(asked), store, 20 * 60_000);
  if (typeof result === 'number') throw new Error(`${title} is one number`);
  return Object.fromEntries(result.map(({ labels, value }) => [labels[label] ?? '', value]));
}

test('a dependency that has never answered is shown with 0 %', () => {
  const series: Growth[] = [
    [{ dependency: 'postgres', outcome: 'ok' }, 5, 10],
    [{ dependency: 'payment', outcome: 'unavailable' }, 5, 10],
  ];
  const metric = 'dependency_request_duration_seconds_count';
  expect(valuesOf('Answered, last 5 minutes', metric, series, 'dependency')).toEqual({
    postgres: 1,
    payment: 0,
  });
});

test('a dependency that nothing was asked of has no share', () => {
  const series: Growth[] = [[{ dependency: 'redis', outcome: 'ok' }, 5, 0]];
  const metric = 'dependency_request_duration_seconds_count';
  expect(valuesOf('Answered, last 5 minutes', metric, series, 'dependency')).toEqual({ redis: NaN });
});

test('the conversion is 0 % while no order was ever paid', () => {
  const series: Growth[] = [[{ status: 'declined', currency: 'EUR' }, 5, 10]];
  expect(valuesOf('Conversion', 'orders_total', series)).toEqual({ '': 0 });
});

test('the conversion is empty while no order is settled', () => {
  const series: Growth[] = [
    [{ status: 'paid', currency: 'EUR' }, 900, 0],
    [{ status: 'declined', currency: 'EUR' }, 50, 0],
  ];
  expect(valuesOf('Conversion', 'orders_total', series)).toEqual({});
});

test('a currency in which no order was ever declined is shown with 0 %', () => {
  const series: Growth[] = [
    [{ status: 'declined', currency: 'EUR' }, 5, 10],
    [{ status: 'paid', currency: 'CHF' }, 5, 10],
  ];
  expect(valuesOf('Declined', 'orders_total', series, 'currency')).toEqual({ EUR: 1, CHF: 0 });
});

test('no connection is in use while none is open', () => {
  const states = (total: number, idle: number): Growth[] => [
    [{ state: 'total' }, total, 0],
    [{ state: 'idle' }, idle, 0],
    [{ state: 'waiting' }, 0, 0],
  ];
  expect(valuesOf('Connections in use', 'pg_pool_connections', states(0, 0))).toEqual({ '': 0 });
  expect(valuesOf('Connections in use', 'pg_pool_connections', states(10, 4))).toEqual({ '': 0.6 });
});

test('no panel counts an order again when its request is repeated under the same key', async () => {
  const queries = await dashboardQueries();
  const counts = queries.filter(({ text }) => /count_over_time\(.*order_status=/.test(text));
  expect(counts.length).toBeGreaterThan(0);
  for (const { text } of counts) expect(text).toContain('| idempotency="placed"');
});

test('a span that a router passes on to a sampler is received once', () => {
  const series: Growth[] = [
    [{ job: 'otel-collector', instance: 'router', transport: 'http' }, 0, 15],
    [{ job: 'otel-collector', instance: 'sampler', transport: 'grpc' }, 0, 15],
  ];
  expect(valuesOf('Received and sent', 'otelcol_receiver_accepted_spans', series)).toEqual({ '': 1 });
});

test('a trace that the Collector forgets before it is judged is shown as lost', () => {
  const series: Growth[] = [[{ job: 'otel-collector', instance: 'sampler' }, 0, 15]];
  const forgotten = 'otelcol_processor_tail_sampling_sampling_trace_dropped_too_early';
  expect(valuesOf('Not taken, not sent', forgotten, series)).toEqual({ '': 1 });
});
