import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeViolations } from '../support/clients/axe.ts';
import { launchBrowser } from '../support/processes/browser.ts';
import { scrapedService } from '../support/processes/scraped-service.ts';
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
  shown = stack.use(
    await startTestConsole({ targets: stack.use(await scrapedService(placed.traceId)).targets }),
  );
  const failed = otlpSpan({
    traceId: placed.traceId,
    parentSpanId: placed.spanId,
    name: 'payment.charge',
    kind: 1,
    status: { code: 2, message: 'circuit_open' },
    events: [
      {
        name: 'payment.retry',
        timeUnixNano: placed.startTimeUnixNano,
        attributes: [
          { key: 'reason', value: { stringValue: 'the gateway did not answer in time, '.repeat(4) } },
        ],
      },
    ],
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
  await page.locator('.beat.ok').first().waitFor();
});
afterAll(() => stack[Symbol.asyncDispose]());

/** A request and its statement: the map has the calls of the last minute. */
async function sendCalls(): Promise<void> {
  const request = otlpSpan({ name: 'POST /orders' });
  const statement = otlpSpan({
    traceId: request.traceId,
    parentSpanId: request.spanId,
    name: 'INSERT orders',
    kind: 3,
    attributes: [
      { key: 'db.system.name', value: { stringValue: 'postgresql' } },
      { key: 'db.namespace', value: { stringValue: 'orders' } },
    ],
  });
  await shown.sendSpans(request, statement);
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

test('enter in the latency plot opens the slowest request of that second', async () => {
  await page.goto(`${shown.url}/`);
  const plot = page.getByRole('slider', { name: 'Latency over time' });
  await expect.poll(() => page.locator('.worth a').count()).toBeGreaterThan(0);
  const wanted = `${shown.url}/traces/${placed.traceId}`;
  // The service of this test has one exemplar, in one of the first scrapes, which may arrive after the first steps.
  await plot.press('Home');
  await expect
    .poll(async () => {
      if (page.url() === wanted) return wanted;
      const value = async (name: string) => plot.getAttribute(`aria-value${name}`);
      if ((await value('now')) === (await value('max'))) await plot.press('Home');
      await page.keyboard.press('Enter');
      await page.keyboard.press('ArrowRight');
      return page.url();
    })
    .toBe(wanted);
});

/** Milliseconds that a busy machine may take for every view. */
const slow = { timeout: 240_000 };

const views = [
  '/',
  '/traces',
  `/traces/${placed.traceId}`,
  `/compare/${placed.traceId}?with=${placed.traceId}`,
  '/logs',
  '/orders',
  `/orders/${orderId}`,
  '/map',
  '/metrics?name=http_request_duration_seconds',
  '/alerts',
  '/alerts/CircuitBreakerOpen',
  '/alerts/RedisUnavailable',
  '/alerts?runbook=placement-latency',
  '/senders',
  '/faults',
  '/traffic',
  '/tours',
  '/tours/dead-gateway',
];

test.each([1280, 390])('axe finds nothing in any view at %i pixels, light or dark', slow, async (width) => {
  // The console's policy would refuse the checker, too.
  const context = await browser.newContext({ viewport: { width, height: 844 }, bypassCSP: true });
  const checked = await context.newPage();
  await checked.goto(shown.pageUrl);
  await checked.locator('.beat.ok').first().waitFor();
  const found: string[] = [];
  for (const path of views) {
    if (path === '/map') await sendCalls();
    await goWithin(checked, path);
    if (path === '/logs') await checked.locator('.logs .row').last().click();
    const widest = await checked.evaluate('document.documentElement.scrollWidth');
    if (widest !== width) found.push(`${path} is ${String(widest)} pixels wide`);
    await checked.emulateMedia({ colorScheme: 'light' });
    found.push(...(await violations(checked, 'light')));
    await checked.emulateMedia({ colorScheme: 'dark' });
    // Only colours differ between the schemes.
    found.push(...(await violations(checked, 'dark', ['color-contrast', 'link-in-text-block'])));
  }
  await checked.getByRole('button', { name: 'Help' }).click();
  found.push(...(await violations(checked, 'help')));
  await context.clearCookies();
  await checked.goto(shown.url);
  found.push(...(await violations(checked, 'locked')));
  await context.close();
  expect(found).toEqual([]);
});

/** Opens a view as a link does, without loading the page again. */
async function goWithin(on: Page, path: string): Promise<void> {
  await on.evaluate(`history.pushState(null, '', '${path}'); dispatchEvent(new PopStateEvent('popstate'))`);
  // Views fill themselves from the server.
  const filled = {
    '/traces': '.traces .row',
    '/logs': '.logs .row',
    '/orders': '.head.orders',
    '/map': '.map svg',
  }[path];
  await on
    .locator(filled ?? 'main h2, main li, main .story')
    .first()
    .waitFor();
}

/** What axe finds, with the address of the page. */
async function violations(checked: Page, what: string, rules?: readonly string[]): Promise<string[]> {
  const found = await axeViolations(checked, rules);
  return found.map((each) => `${new URL(checked.url()).pathname} ${what}: ${each}`);
}

test('a plot is one stop of the tabulator, and arrows read its seconds', async () => {
  await page.goto(`${shown.url}/`);
  const plot = page.getByRole('slider', { name: 'Requests over time' });
  await plot.waitFor();
  expect(await page.locator('.plot a, .plot button, .plot [tabindex]').count()).toBe(
    await page.locator('.plot').count(),
  );
  await expect.poll(() => page.locator('.plot .value').first().textContent()).toBe('10/s');
  await plot.focus();
  await page.keyboard.press('ArrowLeft');
  const before = await plot.getAttribute('aria-valuetext');
  expect(before).toMatch(/^\d\d:\d\d:\d\d: answered [\d.]+\/s, 4xx 0\/s, 429 0\/s, 5xx 0\/s$/);
  await page.keyboard.press('Home');
  expect((await plot.getAttribute('aria-valuetext')) ?? '').not.toBe(before);
});

test('a phone shows no hints about keys', async () => {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
  });
  const phone = await context.newPage();
  await phone.goto(shown.pageUrl);
  await phone.locator('.beat.ok').first().waitFor();
  for (const path of views.slice(0, 5)) {
    await goWithin(phone, path);
    const hints = await phone.evaluate(
      "[...document.querySelectorAll('[title], [placeholder], main p')].map((each) => `${each.title} ${each.placeholder ?? ''} ${each.textContent}`).filter((text) => /press|esc to/i.test(text))",
    );
    expect({ path, hints }).toEqual({ path, hints: [] });
  }
  await context.close();
});

test('the map draws the calls between clients, the service and its database', async () => {
  await sendCalls();
  await page.goto(`${shown.url}/map`);
  await page.locator('.map .node').nth(2).waitFor();
  expect((await page.locator('.map .node-name').allTextContents()).toSorted()).toEqual([
    'clients',
    'orders',
    'postgresql/orders',
  ]);
  const rows = await page.locator('main tbody tr').allTextContents();
  expect(rows.find((row) => row.startsWith('orders'))).toMatch(
    /^orderspostgresql\/orders \(postgresql\)\d+<?0\.\d\/s0 %\d\.\d\d ms\d\.\d\d ms$/,
  );
});

test('a metric of the service is shown with its labels, as a plot, a heat map and a table', async () => {
  await page.goto(`${shown.url}/metrics`);
  await page.getByLabel('Metrics whose name contains').fill('duration');
  await page.getByRole('link', { name: 'http_request_duration_seconds' }).click();
  await page.getByRole('slider', { name: 'p95 over time' }).waitFor();
  await expect.poll(() => page.locator('.heat rect').count(), { timeout: 30_000 }).toBeGreaterThan(0);
  expect(await page.locator('select[name=route] option').allTextContents()).toEqual(['any', '/orders']);
  const row = page.locator('.metric tbody tr');
  expect(await row.textContent()).toMatch(/route=\/orders status_code=202.*4\.75 ms4\.95 ms$/);
  await page.locator('select[name=route]').selectOption('/orders');
  await row.first().waitFor();
  // A copy of the address shows the same.
  const address = new URL(page.url());
  expect(address.searchParams.getAll('label')).toEqual(['route=/orders']);
  await page.reload();
  await row.first().waitFor();
  expect(await page.locator('select[name=route] option:checked').textContent()).toBe('/orders');
  expect(await page.getByLabel('Metrics whose name contains').inputValue()).toBe('duration');
});

test('an open log line has its resource and its scope', async () => {
  const resource = { attributes: [{ key: 'host.name', value: { stringValue: 'till-7' } }] };
  const scope = { name: 'receipts', version: '1.2' };
  const logRecords = [{ severityNumber: 9, body: { stringValue: 'printed' } }];
  const body = { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords }] }] };
  await shown.raw('POST', '/v1/logs', { body });
  await page.goto(`${shown.url}/logs?text=printed`);
  await page.getByRole('button', { name: 'printed' }).click();
  await expect
    .poll(() => page.locator('.opened details').allTextContents())
    .toEqual(['Resourcehost.nametill-7', 'Scopeotel.scope.namereceiptsotel.scope.version1.2']);
});
