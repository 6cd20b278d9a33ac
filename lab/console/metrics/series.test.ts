import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSamples } from './openmetrics.ts';
import { bucketsBetween, quantile } from './quantile.ts';
import { isRead, readingOf } from './readings.ts';
import { createSeries } from './series.ts';

const start = 1_700_000_000_000;
const read = (text: string) => readingOf(readSamples(text, isRead));

/** A scrape of a service that has answered this many requests. */
const scrape = (requests: number, rest = '') =>
  read(`http_requests_total{method="POST",route="/orders",status_code="201"} ${requests}\n${rest}`);

test('a series turns counters into rates per second', () => {
  const series = createSeries();
  series.take(scrape(100), start);
  series.take(scrape(130), start + 1000);
  series.take(scrape(190), start + 3000);
  expect(series.since(0)).toMatchObject({ times: [start + 1000, start + 3000], columns: { ok: [30, 30] } });
  expect(series.since(start + 1000).columns['ok']).toEqual([30]);
});

test('a series shows no negative rate after a restart of the service', () => {
  const series = createSeries();
  series.take(scrape(1000), start);
  series.take(scrape(12), start + 1000);
  expect(series.since(0).columns['ok']).toEqual([12]);
});

test('a missed scrape is a gap in the series', () => {
  const series = createSeries();
  series.take(scrape(1), start);
  series.take(scrape(2), start + 1000);
  series.miss(start + 2000);
  series.take(scrape(90), start + 3000);
  series.take(scrape(95), start + 4000);
  expect(series.since(0)).toMatchObject({
    times: [start + 1000, start + 2000, start + 4000],
    columns: { ok: [1, null, 5] },
  });
});

test('a series goes on from the time to which a clock was put back', () => {
  const series = createSeries();
  for (const [second, requests] of [0, 10, 20, 30].entries())
    series.take(scrape(requests), start + second * 1000);
  series.take(scrape(40), start + 1000);
  series.take(scrape(45), start + 2000);
  expect(series.since(0)).toMatchObject({ times: [start + 1000, start + 2000], columns: { ok: [10, 5] } });
});

test('a series keeps at most 15 minutes', () => {
  const series = createSeries();
  for (let second = 0; second <= 1000; second += 1) series.take(scrape(second), start + second * 1000);
  const { times } = series.since(0);
  expect(times).toHaveLength(900);
  expect(times.at(-1)).toBe(start + 1_000_000);
});

test('a series separates answers by class of status and breakers by state', () => {
  const series = createSeries();
  const text = (each: number) => `
http_requests_total{status_code="201"} ${each}
http_requests_total{status_code="404"} ${each * 2}
http_requests_total{status_code="429"} ${each * 3}
http_requests_total{status_code="503"} ${each * 4}
circuit_breaker_state{breaker="payment",state="closed"} 0
circuit_breaker_state{breaker="payment",state="open"} 1
orders_pending 7
`;
  series.take(read(text(1)), start);
  series.take(read(text(2)), start + 1000);
  expect(series.since(0).columns).toMatchObject({
    ok: [1],
    client: [2],
    shed: [3],
    failed: [4],
    pending: [7],
    'breaker:payment': [2],
  });
});

test('a series counts the states of a breaker that were entered between two readings', () => {
  const series = createSeries();
  const text = (halfOpened: number) => `
circuit_breaker_state{breaker="payment",state="open"} 1
circuit_breaker_transitions_total{breaker="payment",from="open",to="half_open"} ${halfOpened}
circuit_breaker_transitions_total{breaker="payment",from="half_open",to="closed"} 0
`;
  for (const [second, count] of [4, 4, 5, 1].entries()) series.take(read(text(count)), start + second * 1000);
  expect(series.since(0).columns).toMatchObject({
    'breaker:payment': [2, 2, 2],
    'entered:payment:half_open': [0, 1, 1],
  });
});

test('a series returns each exemplar once, with its request', () => {
  const bucket = (trace: string, at: number) =>
    `http_request_duration_seconds_bucket{le="0.1",method="POST",route="/orders",status_code="201"} 5 # {trace_id="${trace}"} 0.07 ${at}\n`;
  const series = createSeries();
  series.take(scrape(1, bucket('t-1', start / 1000)), start);
  series.take(scrape(2, bucket('t-1', start / 1000)), start + 1000);
  series.take(scrape(3, bucket('t-2', start / 1000 + 2)), start + 2000);
  const first = { traceId: 't-1', seconds: 0.07, name: 'POST /orders', httpStatus: '201', time: start };
  expect(series.exemplarsSince(0)).toEqual([first, { ...first, traceId: 't-2', time: start + 2000 }]);
  expect(series.exemplarsSince(start + 1000)).toMatchObject([{ traceId: 't-2' }]);
});

describe('quantiles', () => {
  const bounds = [0.01, 0.05, 0.1, 0.5, 1, Infinity];
  const bucketsOf = (values: readonly number[]) =>
    new Map(bounds.map((bound) => [bound, values.filter((value) => value <= bound).length]));

  test('an estimated quantile lies in the bucket of the exact value', () => {
    const values = fc.array(fc.double({ min: 0.0001, max: 0.999, noNaN: true }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(values, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, share) => {
        const exact = all.toSorted((a, b) => a - b)[Math.ceil(all.length * share) - 1] ?? 0;
        const upper = bounds.find((bound) => exact <= bound) ?? 0;
        const lower = bounds[bounds.indexOf(upper) - 1] ?? 0;
        const estimate = quantile(bucketsOf(all), share) ?? -1;
        expect(estimate).toBeGreaterThanOrEqual(lower);
        expect(estimate).toBeLessThanOrEqual(upper + 1e-9);
      }),
    );
  });

  test('a quantile of nothing is null, and never exceeds the largest finite bound', () => {
    expect(quantile(bucketsOf([]), 0.5)).toBeNull();
    expect(quantile(bucketsOf([7]), 0.99)).toBe(1);
  });

  test('bucketsBetween counts the observations between two readings, also across a restart', () => {
    const before = bucketsOf([0.02, 0.02, 0.02]);
    expect(bucketsBetween(before, bucketsOf([0.02, 0.02, 0.02, 0.7])).get(1)).toBe(1);
    expect(bucketsBetween(before, bucketsOf([0.7])).get(1)).toBe(1);
  });
});
