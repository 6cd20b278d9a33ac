import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { type TestConsole } from '../support/processes/console.ts';
import { openTestConsole } from '../support/processes/console-page.ts';

// Metrics that no sender of this project sends, and that others may.

let shown: TestConsole;
let page: Page;
beforeAll(async () => {
  const opened = await openTestConsole();
  ({ shown, page } = opened);
  return () => opened[Symbol.asyncDispose]();
});

/** Sends points of a metric, ten seconds apart, the last of them now. */
async function sendPoints(
  name: string,
  kind: string,
  points: readonly object[],
  about: Readonly<Record<string, unknown>> = {},
) {
  const dataPoints = points.map((point, index) => ({
    timeUnixNano: `${Date.now() - 10_000 * (points.length - 1 - index)}000000`,
    ...point,
  }));
  const { unit, ...rest } = about;
  const metrics = [{ name, unit, [kind]: { aggregationTemporality: 1, dataPoints, ...rest } }];
  await shown.raw('POST', '/v1/metrics', { body: { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] } });
}

test('the buckets of a heat map have labels of their own, however small their bounds', async () => {
  const point = { count: '3', explicitBounds: [0.002, 0.005, 0.01], bucketCounts: ['1', '1', '1', '0'] };
  await sendPoints('cache.miss.share', 'histogram', [point, point]);
  await page.goto(`${shown.url}/metrics?name=cache.miss.share`);
  await expect.poll(() => page.locator('.heat text').allTextContents()).toEqual(['0.002', '0.005', '0.01']);
});

test('a counter has its total beside its rate, and a summary the quantiles of its sender', async () => {
  const cells = page.locator('.metric :is(th, td)');
  await sendPoints('cups', 'sum', [{ asInt: '1234567' }, { asInt: '1' }], { isMonotonic: true });
  await page.goto(`${shown.url}/metrics?name=cups`);
  await expect
    .poll(() => cells.allTextContents())
    .toEqual(['Series', 'Newest rate', 'Newest total', 'unknown', '0.1/s', '1,234,568']);
  const quantileValues = [{ quantile: 0.99, value: 7 }];
  await sendPoints('wait', 'summary', [{ count: '4', sum: 8, quantileValues }]);
  await page.goto(`${shown.url}/metrics?name=wait`);
  await expect
    .poll(() => cells.allTextContents())
    .toEqual(['Series', 'Newest rate', 'Newest mean', 'Newest q0.99', 'unknown', '–', '–', '7']);
});

test('the plot of a sender whose clock is wrong says of when its points are', async () => {
  const timeUnixNano = `${Date.parse('2020-02-03T10:00:00')}000000`;
  await sendPoints('late', 'gauge', [{ timeUnixNano, asInt: '1' }]);
  await page.goto(`${shown.url}/metrics?name=late`);
  await expect
    .poll(() => page.locator('.metric > p').last().textContent())
    .toContain('the newest one is of Mon Feb 03 2020, 10:00:00.000');
});

test('a plot that is being read keeps its lines while other series grow larger', async () => {
  const pointOf = (id: number, asInt: number) => ({
    timeUnixNano: `${Date.now()}000000`,
    asInt: String(asInt),
    attributes: [{ key: 'id', value: { stringValue: `of ${id}` } }],
  });
  const ids = Array.from({ length: 10 }, (_none, id) => id);
  await sendPoints(
    'many',
    'gauge',
    ids.map((id) => pointOf(id, id)),
  );
  await page.goto(`${shown.url}/metrics?name=many`);
  const plot = page.getByRole('slider', { name: 'value over time' });
  await plot.focus();
  await sendPoints(
    'many',
    'gauge',
    ids.map((id) => pointOf(id, 100 - id)),
  );
  const newest = page.locator('.metric td').nth(1);
  await expect.poll(() => newest.textContent()).toBe('100');
  expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe('value over time');
  await plot.blur();
  await expect.poll(() => page.locator('.legend').textContent()).toContain('of 0');
});

test('a name with two units is two metrics of the list, each with its own values', async () => {
  await sendPoints('pause', 'gauge', [{ asInt: '2' }], { unit: 's' });
  await sendPoints('pause', 'gauge', [{ asInt: '3000' }], { unit: 'ms' });
  await page.goto(`${shown.url}/metrics?find=pause`);
  const names = page.locator('.metric-names li');
  await expect.poll(() => names.allTextContents()).toEqual(['pause gauge in s, 1', 'pause gauge in ms, 1']);
  await names.last().getByRole('link').click();
  await expect.poll(() => page.locator('.metric td').allTextContents()).toEqual(['unknown', '3,000']);
});

test('a gauge of Unix times shows dates', async () => {
  const started = Date.parse('2020-02-03T10:00:00') / 1000;
  await sendPoints('backup_timestamp_seconds', 'gauge', [{ asDouble: started }, { asDouble: started + 40 }]);
  await page.goto(`${shown.url}/metrics?name=backup_timestamp_seconds`);
  const date = 'Mon Feb 03 2020, 10:00:40.000';
  await expect.poll(() => page.locator('.metric td').allTextContents()).toEqual(['unknown', date]);
  await expect.poll(() => page.locator('.legend .value').allTextContents()).toEqual(['2020-02-03']);
});

test('a plot without a value has its times above those of the time axis', async () => {
  const area = page.locator('.metric .u-over');
  await sendPoints('load', 'gauge', [{ asInt: '2' }]);
  await page.goto(`${shown.url}/metrics?name=load`);
  await expect.poll(() => page.locator('.legend .value').textContent()).toBe('2');
  const withValue = await area.boundingBox();
  await sendPoints('no.load', 'gauge', [{ asDouble: 'NaN' }]);
  await page.goto(`${shown.url}/metrics?name=no.load`);
  await page.locator('.metric td', { hasText: '–' }).waitFor();
  expect(await area.boundingBox()).toEqual(withValue);
});

test('a metric that was not received yet is waited for in words', async () => {
  await page.goto(`${shown.url}/metrics?name=unknown`);
  await expect
    .poll(() => page.locator('.metric').textContent())
    .toBe('No metric named unknown was received yet.');
});

test('a histogram without buckets, which has no quantiles, has a plot of its mean', async () => {
  const points = [
    { count: '4', sum: 2 },
    { count: '4', sum: 6 },
  ];
  await sendPoints('tasting.duration', 'histogram', points, { unit: 's' });
  await page.goto(`${shown.url}/metrics?name=tasting.duration`);
  await expect
    .poll(() => page.locator('.metric .plot-label').first().locator('h2, .value').allTextContents())
    .toEqual(['mean', '1.50 s']);
});
