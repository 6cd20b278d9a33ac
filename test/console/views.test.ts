import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/processes/browser.ts';
import { otlpSpan, startTestConsole, type TestConsole } from '../support/processes/console.ts';

// What a user sees in each view, with telemetry of every kind on the screen.

let browser: Browser;
let shown: TestConsole;
let page: Page;
const stack = new AsyncDisposableStack();
const orderId = '019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11';
const placed = otlpSpan({
  name: 'POST /orders',
  attributes: [
    { key: 'http.response.status_code', value: { intValue: '202' } },
    { key: 'orders.order.id', value: { stringValue: orderId } },
  ],
});

beforeAll(async () => {
  browser = stack.use(await launchBrowser());
  shown = stack.use(await startTestConsole({ targets: await scrapedService() }));
  const failed = otlpSpan({
    traceId: placed.traceId,
    parentSpanId: placed.spanId,
    name: 'payment.charge',
    kind: 1,
    status: { code: 2, message: 'circuit_open' },
    events: [{ name: 'payment.retry', timeUnixNano: placed.startTimeUnixNano }],
  });
  await shown.sendSpans(placed, failed, otlpSpan({ name: 'GET /orders/:id' }));
  for (const severityNumber of [5, 9, 13, 17]) {
    await shown.sendLogs({
      traceId: placed.traceId,
      spanId: placed.spanId,
      severityNumber,
      eventName: 'http.request',
      body: { stringValue: 'request handled' },
      timeUnixNano: placed.startTimeUnixNano,
      attributes: [
        { key: 'order_id', value: { stringValue: orderId } },
        { key: 'route', value: { stringValue: '/orders' } },
      ],
    });
  }
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(shown.pageUrl);
});
afterAll(() => stack[Symbol.asyncDispose]());

/** A service that counts ten requests more at every scrape, one of them with an exemplar. */
async function scrapedService() {
  let scrapes = 0;
  const server = createServer((_request, response) => {
    scrapes += 1;
    const exemplar = `# {trace_id="${placed.traceId}"} 0.004 ${Date.now() / 1000}`;
    const of = 'method="POST",route="/orders",status_code="202"';
    response.setHeader('content-type', 'application/openmetrics-text');
    response.end(`http_requests_total{${of}} ${scrapes * 10}
http_request_duration_seconds_bucket{le="0.005",${of}} ${scrapes * 10} ${exemplar}
http_request_duration_seconds_bucket{le="+Inf",${of}} ${scrapes * 10}
circuit_breaker_state{breaker="payment",state="closed"} 1
orders_pending 3
`);
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  stack.defer(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { apiUrl: url, apiKey: 'none', metricsUrl: `${url}/metrics` };
}

test('the tab and the header name the service that is observed', async () => {
  await page.locator('.beat', { hasText: 'orders up' }).waitFor();
  await expect.poll(() => page.title()).toBe('Overview – orders');
});

test.each(['/', '/traffic'])(
  'a time axis is in view in a window of 1280 by 800 pixels at %s',
  async (path) => {
    await page.goto(shown.url + path);
    const label = page.locator('.times span').first();
    await label.waitFor();
    const box = await label.boundingBox();
    expect(box && box.y + box.height).toBeLessThanOrEqual(800);
    expect(await label.textContent()).toMatch(/^\d\d:\d\d:\d\d$/);
  },
);

test('the moments of an order and their printed times are in one order', async () => {
  await page.goto(`${shown.url}/orders/${orderId}`);
  await page.locator('.life > li').first().waitFor();
  const times = await page.locator('.life .time').allTextContents();
  expect(times.map((time) => Number.parseFloat(time))).toEqual(
    times.map((time) => Number.parseFloat(time)).toSorted((a, b) => a - b),
  );
  const kinds = await page.locator('.life .source').allTextContents();
  expect(kinds.indexOf('span')).toBeLessThan(kinds.indexOf('log'));
});
