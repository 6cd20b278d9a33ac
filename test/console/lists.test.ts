import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page, Request, Route } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSimulator } from '../../lab/simulator/server.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';
import { launchBrowser } from '../support/processes/browser.ts';
import { otlpSpan, startTestConsole, type TestConsole } from '../support/processes/console.ts';

// The lists of traces and log lines: sorting, time range, pause, and traces as files.

let browser: Browser;
let shown: TestConsole;
let page: Page;
const stack = new AsyncDisposableStack();
const now = Date.now();

/** A trace that starts so many milliseconds before the test and lasts so long. */
function traceOf(name: string, before: number, length: number) {
  const start = BigInt(now - before) * 1_000_000n;
  return otlpSpan({
    name,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(length) * 1_000_000n),
    attributes: [{ key: 'number.large', value: { intValue: '42' } }],
  });
}

const short = traceOf('short', 1000, 5);
const long = traceOf('long', 40_000, 900);
const middle = traceOf('middle', 80_000, 60);
const again = traceOf('middle', 81_000, 90);

beforeAll(async () => {
  browser = stack.use(await launchBrowser());
  shown = stack.use(await startTestConsole());
  await shown.sendSpans(short, long, middle, again);
  for (const [index, level] of [9, 17, 13].entries()) {
    await shown.sendLogs({
      severityNumber: level,
      body: { stringValue: `line ${index}` },
      timeUnixNano: String(BigInt(now - 40_000 * index) * 1_000_000n),
    });
  }
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    permissions: ['clipboard-read', 'clipboard-write'],
    acceptDownloads: true,
  });
  page = await context.newPage();
  await page.goto(shown.pageUrl);
  await page.locator('.plot').first().waitFor();
});
afterAll(() => stack[Symbol.asyncDispose]());

/** Opens a view without loading the page again. */
const open = (view: string) => page.getByRole('navigation').getByRole('link', { name: view }).click();
const names = () => page.locator('.traces .row .name').allTextContents();

test('a column sorts the traces downwards, then upwards, then as they arrive', async () => {
  await open('Traces');
  await expect.poll(names).toEqual(['short', 'long', 'middle', 'middle']);
  const duration = page.getByRole('button', { name: /^Sort by Duration/ });
  await duration.click();
  await expect.poll(names).toEqual(['long', 'middle', 'middle', 'short']);
  await duration.click();
  await expect.poll(names).toEqual(['short', 'middle', 'middle', 'long']);
  await duration.click();
  await expect.poll(names).toEqual(['short', 'long', 'middle', 'middle']);
  expect(await page.locator('.counted').textContent()).toBe('4 of 4 kept');
});

test('a column sorts the log lines, and a filter by service narrows them', async () => {
  await open('Logs');
  const lines = () => page.locator('.logs .row .name').allTextContents();
  await expect.poll(lines).toEqual(['line 2', 'line 1', 'line 0']);
  await page.getByRole('button', { name: /^Sort by Level/ }).click();
  await expect.poll(lines).toEqual(['line 1', 'line 2', 'line 0']);
  await page.getByLabel('Service', { exact: true }).fill('elsewhere');
  await expect.poll(lines).toEqual([]);
  await expect.poll(() => page.locator('.counted').textContent()).toBe('0 of 3 kept');
});

test('a paused list takes no new entries until it is resumed', async () => {
  await open('Traces');
  await expect.poll(names).toHaveLength(4);
  await page.getByRole('button', { name: 'Pause' }).click();
  const late = traceOf('late', 0, 1);
  const asked = page.waitForRequest('**/api/overview*');
  await shown.sendSpans(late);
  // The page goes on asking for everything else.
  await asked;
  await page.waitForRequest('**/api/overview*');
  expect(await names()).not.toContain('late');
  await page.mouse.move(5, 790);
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.mouse.move(5, 790);
  await expect.poll(names).toContain('late');
});

test('a drag over a plot narrows the time of all plots and lists, and escape clears it', async () => {
  await open('Overview');
  const plot = page.locator('.u-over').first();
  const box = await plot.boundingBox();
  if (!box) throw new Error('The plot is not visible.');
  // Two minutes are shown.
  const placeOf = (before: number) => box.x + box.width * (1 - (Date.now() - now + before) / 120_000);
  await page.mouse.move(placeOf(60_000), box.y + 30);
  await page.mouse.down();
  await page.mouse.move(placeOf(40_000), box.y + 30, { steps: 5 });
  await page.mouse.move(placeOf(20_000), box.y + 30);
  await page.mouse.up();
  await page.getByRole('button', { name: /^Time range/ }).waitFor();
  await open('Traces');
  await page.reload();
  await expect.poll(names).toEqual(['long']);
  await open('Logs');
  await expect.poll(() => page.locator('.logs .row .name').allTextContents()).toEqual(['line 1']);
  await page.keyboard.press('Escape');
  await expect.poll(() => page.locator('.logs .row').count()).toBe(3);
  expect(await page.getByRole('button', { name: /^Time range/ }).count()).toBe(0);
});

test('a downloaded trace can be opened in another console, and its id can be copied', async () => {
  await page.goto(`${shown.url}/traces/${long.traceId}`);
  await page.getByRole('button', { name: 'Copy id' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(long.traceId);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download as OTLP JSON' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe(`trace-${long.traceId}.json`);
  const file = await download.path();

  await using elsewhere = await startTestConsole();
  const other = await browser.newPage();
  await other.goto(elsewhere.pageUrl);
  await other.locator('.plot').first().waitFor();
  await other.goto(`${elsewhere.url}/traces`);
  await other.getByLabel('Open a file of traces').setInputFiles(file);
  await other.getByRole('heading', { name: 'long' }).waitFor();
  const [original, copy] = await Promise.all(
    [shown, elsewhere].map(async (each) => (await each.call('GET', `/api/traces/${long.traceId}`)).body),
  );
  expect(copy).toEqual(original);
  await other.goto(`${elsewhere.url}/traces`);
  await other
    .getByLabel('Open a file of traces')
    .setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('{}') });
  await other.getByRole('status').getByText('The file has no trace').waitFor();
  await other.close();
});

test('two traces of one name are compared side by side', async () => {
  await page.goto(`${shown.url}/traces/${middle.traceId}`);
  await page.getByRole('link', { name: 'Compare with another trace' }).click();
  await page.getByLabel('Trace to compare with').selectOption(again.traceId);
  await page.locator('.side-by-side .waterfall').nth(1).waitFor();
  expect(await page.locator('.comparison tbody tr').allTextContents()).toEqual([
    'orders middle1 × 60.0 ms1 × 90.0 ms+30.0 ms',
  ]);
});

test('the newest orders are listed, pending ones first, and a click leads to the life of one', async () => {
  await using service = await ordersApi();
  shown.watch({ apiUrl: service.url, apiKey: 'key', metricsUrl: `${service.url}/metrics` });
  await page.goto(`${shown.url}/orders`);
  const rows = page.locator('.orders .row');
  await expect.poll(() => rows.count()).toBe(3);
  const statuses = () => page.locator('.orders .status').allTextContents();
  expect(await statuses()).toEqual(['pending', 'paid', 'declined']);
  expect(await rows.first().textContent()).toContain('€9.00');
  await page.getByRole('button', { name: /^Sort by Amount/ }).click();
  await expect.poll(statuses).toEqual(['declined', 'pending', 'paid']);
  await page.locator('select[name=status]').selectOption('paid');
  await expect.poll(statuses).toEqual(['paid']);
  expect(new URL(page.url()).search).toBe('?sort=-amount&status=paid');
  await rows.first().click();
  await page.waitForURL('**/orders/o-2');
  await page.locator('.card .figure', { hasText: 'paid' }).waitFor();
});

test('the list of orders says why it is empty', async () => {
  shown.watch({ apiUrl: 'http://127.0.0.1:1', apiKey: 'key', metricsUrl: 'http://127.0.0.1:1/metrics' });
  await page.goto(`${shown.url}/orders`);
  await expect.poll(() => page.locator('.empty').textContent()).toContain('The service does not answer');
});

test('a tour sets its faults step by step, places an order, and takes everything back when it is left', async () => {
  await using service = await ordersApi();
  const logger = createLogger({ service: 'payment-gateway', level: 'silent' });
  const simulator = await startSimulator({ host: '127.0.0.1', port: 0, logger });
  stack.defer(() => simulator.close());
  shown.watch({
    apiUrl: service.url,
    apiKey: 'key',
    metricsUrl: `${service.url}/metrics`,
    gatewayUrl: simulator.url,
  });
  const faults = async () => (await shown.call('GET', '/api/faults')).body;
  const isRunning = async () => (await shown.call('GET', '/api/traffic')).body;
  await page.goto(`${shown.url}/tours`);
  await page.getByRole('link', { name: /^A dead gateway/ }).click();
  await page.locator('.tour .plot').first().waitFor();
  const next = (name: string) => page.locator('.steps').getByRole('button', { name, exact: true }).click();
  await next('Start');
  await page.locator('.steps .current', { hasText: 'Set: {"errorRate":1}' }).waitFor();
  expect(await faults()).toMatchObject({ settings: { errorRate: 1 } });
  await next('Next');
  await page.locator('.steps .current', { hasText: 'Watch the plots' }).waitFor();
  expect(await isRunning()).toMatchObject({ running: true, rate: 10 });
  await next('Next');
  await page.locator('.steps .current', { hasText: '202 pending after' }).waitFor();
  expect(await page.locator('.steps .current a').first().getAttribute('href')).toBe('/orders/o-1');
  await page.getByRole('navigation').getByRole('link', { name: 'Overview' }).click();
  await expect.poll(faults).toMatchObject({ settings: { errorRate: 0 } });
  await expect.poll(isRunning).toMatchObject({ running: false });

  // A step that takes effect after the tour was left is taken back, too.
  await page.goto(`${shown.url}/tours/dead-gateway`);
  const step = Promise.withResolvers<Route>();
  const isStep = (request: Request) => request.method() === 'PUT';
  await page.route('**/api/faults', (route) =>
    isStep(route.request()) ? step.resolve(route) : route.continue(),
  );
  await next('Start');
  const held = await step.promise;
  const takenBack = page.waitForResponse((answer) => answer.request().method() === 'DELETE');
  await page.getByRole('navigation').getByRole('link', { name: 'Overview' }).click();
  await takenBack;
  await Promise.all([page.waitForResponse((answer) => isStep(answer.request())), held.continue()]);
  await expect.poll(faults).toMatchObject({ settings: { errorRate: 0 } });
});

/** The list and the orders of a service, in the format of its API. */
async function ordersApi() {
  const placed = (id: string, status: string, totalMinor: number, before: number) => {
    const at = new Date(now - before).toISOString();
    return {
      id,
      status,
      customerId: 'cus_42',
      currency: 'EUR',
      totalMinor,
      reason: null,
      createdAt: at,
      updatedAt: at,
    };
  };
  const orders = [
    placed('o-2', 'paid', 450, 1000),
    placed('o-1', 'declined', 1200, 2000),
    placed('o-0', 'pending', 900, 90_000),
  ];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://127.0.0.1');
    const wanted = searchParams.get('status');
    const id = pathname.slice('/orders/'.length);
    response.setHeader('content-type', 'application/json');
    if (request.method === 'POST') {
      response.statusCode = 202;
      response.end(JSON.stringify({ id: 'o-1', status: 'pending' }));
      return;
    }
    response.end(
      JSON.stringify(
        pathname === '/orders'
          ? { orders: orders.filter(({ status }) => wanted === null || status === wanted), nextCursor: null }
          : orders.find((order) => order.id === id),
      ),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
