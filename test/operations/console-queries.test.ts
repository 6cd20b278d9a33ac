import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pathOf } from '../../lab/harness/path-of.ts';
import { evaluate } from '../../lab/console/promql/evaluate.ts';
import { type Labels, UnsupportedQuery } from '../../lab/console/promql/expression.ts';
import { parseQuery } from '../../lab/console/promql/parse.ts';
import { createSampleStore, type Sample } from '../../lab/console/promql/samples.ts';

// Values that the console computes are those of Prometheus: promtool evaluates the same queries over the same random series.

const run = promisify(execFile);
const promtool = pathOf('promtool');
/** Seconds between two samples. Queries are asked between two samples, because Prometheus 2 and 3 differ about windows that begin at one. */
const interval = 15;
const length = 60;

interface Series {
  name: string;
  labels: Labels;
  /** undefined where there is no sample. */
  values: ReadonlyArray<number | undefined>;
}

/** One sample in twelve is missing. */
const isThere = fc.integer({ min: 0, max: 11 }).map((number) => number > 0);
const bounds = { minLength: length, maxLength: length };

/** A counter begins high and restarts once, nearly as high: how Prometheus continues one to 0 differs between its versions. */
const counter = (name: string, labels: Labels): fc.Arbitrary<Series> =>
  fc
    .tuple(
      fc.array(fc.tuple(isThere, fc.integer({ min: 0, max: 40 })), bounds),
      fc.integer({ min: 1, max: length - 1 }),
    )
    .map(([steps, restart]) => {
      let count = 5000;
      const values = steps.map(([there, step], index) => {
        count = index === restart ? 4000 + step : count + step;
        return there ? count : undefined;
      });
      return { name, labels, values };
    });

const gauge = (name: string, labels: Labels): fc.Arbitrary<Series> =>
  fc
    .array(fc.tuple(isThere, fc.integer({ min: -20, max: 20 })), bounds)
    .map((steps) => ({ name, labels, values: steps.map(([there, value]) => (there ? value : undefined)) }));

const data = fc.tuple(
  counter('c', { a: '1', b: 'x' }),
  counter('c', { a: '1', b: 'y' }),
  counter('c', { a: '2', b: 'x' }),
  gauge('g', { a: '1', b: 'x' }),
  gauge('g', { a: '2', b: 'x' }),
  gauge('g', { a: '2', b: 'y', d: 'z' }),
  gauge('s', { a: '1' }),
  gauge('s', { a: '2' }),
);

const queries = [
  'c',
  '-g',
  'g{b="x"} > 0',
  'g{b!~"y|z"} >= bool 3',
  '3 < g',
  'g > 0 <= 10',
  'rate(c[2m])',
  'increase(c{a="1"}[5m])',
  'changes(g[5m])',
  'predict_linear(g[5m], 600)',
  'avg_over_time(g[3m])',
  'min_over_time(g[2m]) > -5',
  'max_over_time(g[2m])',
  'last_over_time(g[2m])',
  'g offset 2m',
  'rate(c[2m] offset 3m)',
  'sum_over_time(s[6m:1m] offset 2m)',
  'sum_over_time(g[2m]) / count_over_time(g[2m])',
  'sum_over_time(s[10m:1m])',
  'avg_over_time(sum by (a) (g)[6m:30s])',
  'sum by (a) (rate(c[1m]))',
  'sum without (b) (g)',
  'avg(g)',
  'count by (b) (g > 0)',
  'max by (a, missing) (g)',
  'min(g)',
  'clamp_min(g, 2) + clamp_max(g, 5)',
  'round(g / 7, 0.01)',
  'g / on (a) group_left () s',
  's * on (a) group_right () g',
  'g - on (a, b) c',
  'c % 7',
  'g ^ 2',
  'sum by (a) (c) + sum by (a) (g)',
  'g and on (a) s > 0',
  'g or on (a) vector(1)',
  'g unless on (a) (s > 0)',
  's > 100 or s',
  'absent(c)',
  'absent(nothing{a="1", b=~".+"})',
  'vector(2) * 3',
  'time() - g < 300',
  '1 - sum(s) / clamp_min(sum(g), 1)',
  'sum by (a) (g) == bool sum by (a) (s)',
];

/** Of queries. Each takes Prometheus some 20 ms. */
const number = 90;

const cases = fc.record({
  series: data,
  query: fc.constantFrom(...queries),
  /** Seconds. */
  at: fc.integer({ min: 1, max: length - 2 }).map((index) => index * interval + 7),
});

test('a query yields what Prometheus computes', { timeout: 120_000 }, async (context) => {
  if (promtool === undefined) {
    if (process.env['CI'] !== undefined)
      throw new Error('promtool is not installed: apt-get install prometheus');
    return context.skip('promtool is not installed: apt-get install prometheus');
  }
  const sampled = fc.sample(cases, number);
  await using folder = await temporaryFolder();
  const tests = sampled.flatMap(({ series, query, at }) => {
    // promtool compares digit by digit, and sums have an order.
    const expr = /rate|increase|avg|predict|\/|count_over/.test(query) ? `round(${query}, 0.000001)` : query;
    const expected = resultOf(series, expr, at * 1000);
    if (expected === undefined) return [];
    return [
      {
        interval: `${interval}s`,
        input_series: series.map(({ name, labels, values }) => ({
          series: nameOf({ __name__: name, ...labels }),
          values: values.map((value) => value ?? '_').join(' '),
        })),
        promql_expr_test: [
          {
            expr,
            eval_time: `${at}s`,
            exp_samples: expected.map(({ labels, value }) => ({ labels: nameOf(labels), value })),
          },
        ],
      },
    ];
  });
  const file = path.join(folder.path, 'queries.json');
  await writeFile(file, JSON.stringify({ evaluation_interval: `${interval}s`, tests }));
  const { stdout } = await run(promtool, ['test', 'rules', file]).catch((error: unknown) => {
    const { stdout: out = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${out}${stderr}`.slice(0, 6000), { cause: error });
  });
  expect(stdout).toContain('SUCCESS');
  // Few of them divide by nothing, or match several series.
  expect(tests.length).toBeGreaterThan(number / 2);
});

/** undefined if its value cannot be written into the file, or if Prometheus would refuse the query, too. */
function resultOf(series: readonly Series[], query: string, time: number): Sample[] | undefined {
  const store = createSampleStore(() => Infinity);
  for (const { name, labels, values } of series)
    for (const [index, value] of values.entries())
      if (value !== undefined) store.add({ __name__: name, ...labels }, index * interval * 1000, value);
  const result = evaluate(parseQuery(query), store, time);
  if (typeof result === 'number') return undefined;
  return result.every(({ value }) => Number.isFinite(value)) ? result : undefined;
}

function nameOf({ __name__: name = '', ...labels }: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${name}{${pairs.join(',')}}`;
}

async function temporaryFolder() {
  const folder = await mkdtemp(path.join(tmpdir(), 'promql-'));
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

test.each([
  ['histogram_quantile(0.9, rate(c[1m]))', 'the function histogram_quantile'],
  ['c offset -5m', 'the duration -5m'],
  ['topk(3, c)', 'the aggregation topk'],
  ['c @ 12', 'the modifier @'],
  ['sum by (a', 'not valid PromQL, at character 9'],
  ['{a="b"}', 'a selector without the name of a metric'],
])('a query outside the subset is refused, and what it needs is named: %s', (query, reason) => {
  expect(() => parseQuery(query)).toThrow(new UnsupportedQuery(reason));
});

test('a time scale shortens every window, and the horizon of a prediction', () => {
  expect(parseQuery('predict_linear(g[10m], 600) > 5', 10)).toEqual(
    parseQuery('predict_linear(g[1m], 60) > 5'),
  );
  expect(parseQuery('sum_over_time(g[2h:5m] offset 1h)', 10)).toEqual(
    parseQuery('sum_over_time(g[12m:30s] offset 6m)'),
  );
});

test('a series that has ended has no value, and one that is late for five minutes neither', () => {
  const store = createSampleStore(() => Infinity);
  const selector = { kind: 'selector', metric: 'g', matchers: [] } as const;
  store.add({ __name__: 'g', a: '1' }, 0, 1);
  store.add({ __name__: 'g', a: '2' }, 0, 2);
  store.add({ __name__: 'g', a: '2' }, 1000, null);
  expect(store.at(selector, 500)).toHaveLength(2);
  expect(store.at(selector, 1000)).toEqual([{ labels: { __name__: 'g', a: '1' }, value: 1 }]);
  expect(store.at(selector, 299_999)).toHaveLength(1);
  expect(store.at(selector, 300_000)).toEqual([]);
});

test('a window of queries begins with the oldest sample, whichever series was added first', () => {
  const store = createSampleStore(() => Infinity);
  store.add({ __name__: 'late' }, 30_000, 1);
  store.add({ __name__: 'g' }, 0, 4);
  store.add({ __name__: 'g' }, 30_000, 2);
  const [average] = evaluate(parseQuery('avg_over_time(sum(g)[2m:30s])'), store, 40_000) as Sample[];
  expect(average?.value).toBe(3);
});
