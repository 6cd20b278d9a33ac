import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { otlpSpan, type TestConsole } from '../support/processes/console.ts';
import { openTestConsole } from '../support/processes/console-page.ts';

// What a user reads stays as it is while more arrives, and an address is that of the view that is shown.

let shown: TestConsole;
let page: Page;
beforeAll(async () => {
  const opened = await openTestConsole();
  ({ shown, page } = opened);
  return () => opened[Symbol.asyncDispose]();
});

const addressShown = () => page.evaluate('location.pathname + location.search');

test('a trace that arrives after its view was left leaves the address of the next view', async () => {
  const span = otlpSpan();
  await shown.sendSpans(span);
  await page.goto(`${shown.url}/logs`);
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  await page.route('**/api/traces/*', async (route) => {
    await left;
    await route.continue();
  });
  const asked = page.waitForRequest('**/api/traces/*');
  await shown.sendLogs({ traceId: span.traceId, spanId: span.spanId, body: { stringValue: 'of the trace' } });
  await page.locator('.logs a', { hasText: 'trace' }).click();
  await asked;
  await page.keyboard.press('1');
  await page.locator('.plot').first().waitFor();
  const answered = page.waitForResponse('**/api/traces/*');
  leave();
  await (await answered).finished();
  await page.unroute('**/api/traces/*');
  // Its body is read in tasks before this one.
  await page.evaluate('new Promise((resolve) => setTimeout(resolve, 50))');
  expect(await addressShown()).toBe('/');
});

test('a filter that is typed right before its view is left is none of the next view', async () => {
  await page.goto(`${shown.url}/logs`);
  await page.getByLabel('Text').waitFor();
  const leftAtOnce = `(async () => {
    const input = document.querySelector('.filters input[name=text]');
    input.value = 'timeout';
    input.dispatchEvent(new Event('input', { bubbles: true }));
    document.querySelector('nav a[href="/"]').click();
    // Timers run in the order of their ends.
    await new Promise((resolve) => setTimeout(resolve, 250));
  })()`;
  await page.evaluate(leftAtOnce);
  expect(await addressShown()).toBe('/');
});

test('the resource and the lines of a span stay open where they are while its trace grows', async () => {
  const traceId = 'e'.repeat(32);
  const text = { stringValue: 'a statement with many columns, '.repeat(60) };
  const root = otlpSpan({ traceId, name: 'import', attributes: [{ key: 'db.query.text', value: text }] });
  const line = (body: string) => ({ traceId, spanId: root.spanId, body: { stringValue: body } });
  const child = () => otlpSpan({ traceId, name: 'row', parentSpanId: root.spanId });
  await shown.sendSpans(root);
  await shown.sendLogs(line('first row'));
  await page.goto(`${shown.url}/traces/${traceId}?span=${root.spanId}`);
  const detail = page.locator('.span-detail');
  await detail.getByText('Resource').click();
  await detail.locator('summary', { hasText: 'first row' }).click();
  await detail.evaluate((element) => {
    element.scrollTop = 150;
  });
  const state = () =>
    page.evaluate(`({
      open: [...document.querySelectorAll('.span-detail details[open] > summary')].length,
      top: document.querySelector('.span-detail').scrollTop,
      focus: document.activeElement.tagName,
    })`);
  const before = { open: 2, top: 150, focus: 'SUMMARY' };
  expect(await state()).toEqual(before);
  await shown.sendSpans(child());
  await expect.poll(() => page.locator('.spans .span').count()).toBe(2);
  expect(await state()).toEqual(before);
  await shown.sendLogs(line('second row'));
  await detail.locator('summary', { hasText: 'second row' }).waitFor();
  expect(await state()).toEqual(before);
});

test('a time range of another day says of which', async () => {
  const from = new Date(2024, 10, 27, 14, 3, 20).getTime();
  await page.goto(`${shown.url}/traces?from=${from}&to=${from + 60_000}`);
  const chip = page.locator('.range');
  await expect.poll(() => chip.textContent()).toBe('Nov 27 2024 14:03:20 – 14:04:20 ✕');
  const now = Date.now();
  await page.goto(`${shown.url}/traces?from=${now - 60_000}&to=${now}`);
  await expect.poll(() => chip.textContent()).toMatch(/^\d\d:\d\d:\d\d – \d\d:\d\d:\d\d ✕$/);
});

test('the id of a trace may be written in capitals', async () => {
  const span = otlpSpan({ name: 'GET /shouted' });
  const capitals = span.traceId.toUpperCase();
  await shown.sendSpans(span);
  await shown.sendLogs({ traceId: span.traceId, body: { stringValue: 'a shouted line' } });
  await page.goto(`${shown.url}/logs?trace=${capitals}`);
  await page.locator('.logs .name', { hasText: 'a shouted line' }).waitFor();
  for (const path of ['traces', 'compare']) {
    await page.goto(`${shown.url}/${path}/${capitals}`);
    await page.locator('h1, h2', { hasText: path === 'traces' ? 'GET /shouted' : 'Comparison' }).waitFor();
    expect(await page.locator('.notice').textContent()).toBe('');
  }
});

test.each([
  ['/metrics?name=cups', '/api/metrics/points**', '.metric tbody td', 'place=cellar'],
  ['/map', '/api/map', 'main tbody td >> nth=1', 'cellar (http)'],
  ['/senders', '/api/senders', 'main tbody td >> nth=1', 'JSON'],
])('what is selected in a table of %s to be copied stays selected', async (view, asked, cell, text) => {
  let cups = 0;
  async function send(): Promise<void> {
    cups += 1;
    const attributes = [{ key: 'place', value: { stringValue: 'cellar' } }];
    const dataPoints = [{ timeUnixNano: `${Date.now()}000000`, asInt: String(cups), attributes }];
    const metrics = [{ name: 'cups', gauge: { dataPoints } }];
    await shown.raw('POST', '/v1/metrics', { body: { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] } });
    const peer = [{ key: 'server.address', value: { stringValue: 'cellar' } }];
    await shown.sendSpans(otlpSpan({ kind: 3, attributes: peer }));
    await shown.raw('POST', '/v1/traces', {
      body: '{',
      headers: { 'content-type': 'application/json', 'user-agent': 'till' },
    });
  }
  await send();
  await page.goto(shown.url + view);
  const wanted = page.locator(cell).first();
  await expect.poll(() => wanted.textContent()).toContain(text);
  await wanted.click({ clickCount: 3 });
  const selected = () => page.evaluate('String(getSelection()).trim()');
  const before = await selected();
  for (let round = 0; round < 2; round += 1) {
    await send();
    await (await page.waitForResponse(`**${asked}`)).finished();
  }
  expect(before).toContain(text);
  expect(await selected()).toBe(before);
});

test.each([900, 390])(
  'what a span says is in sight in a window of %i pixels, however many spans follow',
  async (width) => {
    const traceId = 'f'.repeat(32);
    const long = { stringValue: 'a statement with many columns, '.repeat(60) };
    const root = otlpSpan({ traceId, name: 'import', attributes: [{ key: 'db.query.text', value: long }] });
    const rows = Array.from({ length: 80 }, () =>
      otlpSpan({ traceId, name: 'row', parentSpanId: root.spanId }),
    );
    await shown.sendSpans(root, ...rows);
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`${shown.url}/traces/${traceId}`);
    await page.locator('.spans .name', { hasText: 'import' }).first().click();
    const bounds = await page.locator('.span-detail h2').boundingBox();
    expect(bounds?.y).toBeGreaterThan(0);
    expect(bounds?.y).toBeLessThan(700);
    // A span that the keys have reached is not behind it.
    for (let step = 0; step < 30; step += 1) await page.keyboard.press('j');
    const detail = await page.locator('.span-detail').boundingBox();
    const reached = await page.locator('.spans .selected').boundingBox();
    expect((reached?.y ?? 0) + (reached?.height ?? 0)).toBeLessThanOrEqual((detail?.y ?? 0) + 1);
    await page.setViewportSize({ width: 1280, height: 800 });
  },
);

test.each([
  ['the list of traces', '/traces', '.rows'],
  ['a trace', `/traces/${'9'.repeat(32)}`, '.spans'],
])('a row of %s that the keys have reached upwards is not behind the header', async (_list, path, rows) => {
  await shown.sendSpans(
    ...Array.from({ length: 60 }, () => otlpSpan()),
    ...Array.from({ length: 60 }, () => otlpSpan({ traceId: '9'.repeat(32) })),
  );
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(shown.url + path);
    await page.locator(`${rows} .name`).nth(59).waitFor();
    for (let step = 0; step < 50; step += 1) await page.keyboard.press('j');
    for (let step = 0; step < 40; step += 1) await page.keyboard.press('k');
    const header = await page.locator('.top').boundingBox();
    const reached = await page.locator(`${rows} .selected`).boundingBox();
    expect(reached?.y).toBeGreaterThanOrEqual((header?.y ?? 0) + (header?.height ?? 0) - 1);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('what a paused list of log lines has missed is not said to be of this second', async () => {
  await page.goto(`${shown.url}/logs`);
  await page.locator('.logs .name').first().waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  const lines = Array.from({ length: 260 }, (_, index) => ({ body: { stringValue: `missed ${index}` } }));
  await shown.sendLogs(...lines);
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect
    .poll(() => page.locator('.notice').textContent())
    .toBe('60 lines that arrived meanwhile are not shown. Narrow the filters to see all.');
});

test('an address with a time range that is beyond all dates has none', async () => {
  await page.goto(`${shown.url}/logs?from=1e300&to=1e301`);
  await page.locator('.logs .name').first().waitFor();
  expect(await page.locator('.range').isHidden()).toBe(true);
});

test('an address keeps the span that it names until that span has ended and arrived', async () => {
  const traceId = '8'.repeat(32);
  const root = otlpSpan({ traceId, name: 'POST /import' });
  const child = otlpSpan({ traceId, name: 'COPY', parentSpanId: root.spanId });
  await shown.sendSpans(child);
  await page.goto(`${shown.url}/traces/${traceId}?span=${root.spanId}`);
  await page.locator('.spans .name', { hasText: 'COPY' }).waitFor();
  expect(await addressShown()).toBe(`/traces/${traceId}?span=${root.spanId}`);
  await shown.sendSpans(root);
  await page.locator('.span-detail h2', { hasText: 'POST /import' }).waitFor();
  expect(await addressShown()).toBe(`/traces/${traceId}?span=${root.spanId}`);
  await page.keyboard.press('Escape');
  expect(await addressShown()).toBe(`/traces/${traceId}`);
});
