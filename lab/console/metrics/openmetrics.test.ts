import { expect, test } from 'vitest';
import { createMetrics } from '../../../src/telemetry/metrics/metrics.ts';
import { readSamples } from './openmetrics.ts';

const all = () => true;

test("readSamples reads the service's own exposition with exemplars", async () => {
  const metrics = createMetrics();
  metrics.requestEnded({ method: 'POST', route: '/orders', status: 201 }, 42, 'a'.repeat(32));
  const samples = readSamples(await metrics.render('openmetrics'), all);
  expect(samples).toContainEqual({
    name: 'http_requests_total',
    labels: { method: 'POST', route: '/orders', status_code: '201' },
    value: 1,
  });
  expect(samples.find(({ exemplar }) => exemplar)).toMatchObject({
    name: 'http_request_duration_seconds_bucket',
    labels: { le: '0.05' },
    exemplar: { labels: { trace_id: 'a'.repeat(32) }, value: 0.042, time: expect.any(Number) as number },
  });
});

test.each([
  ['plain 1', { name: 'plain', labels: {}, value: 1 }],
  ['up{job="a,b",x="}"} -1.5e3 1700000000', { name: 'up', labels: { job: 'a,b', x: '}' }, value: -1500 }],
  [
    String.raw`quoted{text="a\"b\\c\nd"} +Inf`,
    { name: 'quoted', labels: { text: 'a"b\\c\nd' }, value: Infinity },
  ],
  ['spaced { a = "b", c="d=" , }\t2 -3982045', { name: 'spaced', labels: { a: 'b', c: 'd=' }, value: 2 }],
  ['nothing NaN', { name: 'nothing', labels: {}, value: Number.NaN }],
])('readSamples reads the sample %s', (line, sample) => {
  expect(readSamples(`# HELP x\n${line}\n# EOF\n`, all)).toEqual([sample]);
});

test.each(['', '<html>', 'name', 'name{a="b" 1', 'name{a=b} 1', '{} 1', 'name 1 2 3'])(
  'readSamples finds no sample in %j',
  (line) => {
    expect(readSamples(line, all)).toEqual([]);
  },
);

test('readSamples skips metrics that are not wanted', () => {
  expect(readSamples('a 1\nb 2\n', (name) => name === 'b')).toMatchObject([{ name: 'b' }]);
});
