import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/processes/browser.ts';
import { scrapedService } from '../support/processes/scraped-service.ts';
import { otlpSpan, startTestConsole, type TestConsole } from '../support/processes/console.ts';

// The page without a pointer.

const stack = new AsyncDisposableStack();
let shown: TestConsole;
let page: Page;
const placed = otlpSpan({ name: 'POST /orders' });

beforeAll(async () => {
  const service = stack.use(await scrapedService(placed.traceId));
  shown = stack.use(await startTestConsole({ targets: service.targets }));
  const line = { traceId: placed.traceId, spanId: placed.spanId, severityNumber: 9 };
  for (const text of ['first line', 'second line'])
    await shown.sendLogs({
      ...line,
      body: { stringValue: text },
      timeUnixNano: placed.startTimeUnixNano,
      attributes: [{ key: 'field', value: { stringValue: `of the ${text}` } }],
    });
  await shown.sendSpans(placed, otlpSpan({ name: 'GET /orders/:id' }));
  const browser = stack.use(await launchBrowser());
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(shown.pageUrl);
  await page.locator('.beat.ok').first().waitFor();
});
afterAll(() => stack[Symbol.asyncDispose]());

const views: Readonly<Record<string, string>> = {
  '/': '.worth a',
  '/traces': '.traces .row',
  [`/traces/${placed.traceId}`]: '.spans li',
  [`/compare/${placed.traceId}?with=${placed.traceId}`]: '.side-by-side .spans li',
  '/logs': '.logs .row',
  '/orders': '.head.orders',
  '/orders/o-1': 'main h1',
  '/map': '.map svg',
  '/metrics?name=http_request_duration_seconds': '.metric select',
  '/alerts': '.all .row a',
  '/alerts/CircuitBreakerOpen': '.runbook',
  '/senders': '.sender summary',
  '/faults': 'main h1',
  '/traffic': 'main input',
  '/tours': '.story',
  '/tours/dead-gateway': '.steps button',
};

interface Stop {
  name: string;
  isInView: boolean;
  hasRing: boolean;
}

/** Notes each stop of the tabulator, from the main part of the page on. */
const note = `(() => {
  globalThis.nameOf = (each) => each.nodeName.toLowerCase() + ' ' +
    (each.getAttribute('aria-label') || each.textContent.trim() || each.getAttribute('name') || '').slice(0, 40);
  globalThis.stops = [];
  document.addEventListener('focusin', ({ target }) => {
    const { top, bottom, left, right } = target.getBoundingClientRect();
    const { outlineStyle, outlineWidth } = getComputedStyle(target);
    globalThis.stops.push({
      name: nameOf(target),
      isInView: bottom > 0 && top < innerHeight && right > 0 && left < innerWidth,
      hasRing: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2,
    });
  });
})()`;

/** The names of what can be used in the view now. */
const controls = `[...document.querySelectorAll('main :is(button, input, select, summary, a[href])')]
  .filter((each) => each.checkVisibility() && !each.disabled && each.tabIndex >= 0)
  .map((each) => nameOf(each))`;

/** The most stops of one view: a list is one stop, whatever its length is. */
const most = 120;

test('the tabulator reaches every control of every view, shows each stop, and leaves the page again', {
  timeout: 240_000,
}, async () => {
  const found: string[] = [];
  for (const [path, filled] of Object.entries(views)) {
    await page.goto(shown.url + path);
    await page.locator(filled).first().waitFor();
    await page.evaluate(note);
    // The header is the same in each view.
    if (path !== '/') await page.locator('main').focus();
    let count = 0;
    do {
      await page.keyboard.press('Tab');
      count += 1;
      // After the last one, the focus goes to the browser's own controls.
    } while (count < most && (await page.evaluate('document.activeElement !== document.body')));
    if (count === most) found.push(`${path} has no end`);
    const stops = await page.evaluate<Stop[]>('stops');
    if (path === '/' && !stops.some(({ name }) => name === 'a Senders'))
      found.push('The views are not reached');
    for (const { name, isInView, hasRing } of stops.filter((each) => !each.name.startsWith('main')))
      if (!isInView || !hasRing)
        found.push(`${path}: ${name} ${isInView ? 'shows no focus' : 'is out of sight'}`);
    const reached = new Set(stops.map(({ name }) => name));
    for (const name of await page.evaluate<string[]>(controls))
      if (!reached.has(name)) found.push(`${path}: ${name} is not reached`);
  }
  expect(found).toEqual([]);
});

test('enter and space open rows, and escape goes back to a list that can be used at once', async () => {
  await page.goto(`${shown.url}/traces`);
  const rows = page.locator('.traces .row');
  await rows.nth(1).waitFor();
  await rows.first().focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.locator('.spans li').first().waitFor();
  await page.keyboard.press('Escape');
  await rows.first().waitFor();
  await page.keyboard.press('j');
  await page.locator('.traces li.selected').waitFor();

  await page.goto(`${shown.url}/logs`);
  const line = page.getByRole('button', { name: 'first line' });
  await line.focus();
  await page.keyboard.press('Space');
  await page.locator('.opened', { hasText: 'of the first line' }).waitFor();
  await page.keyboard.press('Enter');
  await expect.poll(() => page.locator('.opened').count()).toBe(0);

  await page.goto(`${shown.url}/senders`);
  const all = page.locator('.sender summary').first();
  await all.focus();
  await page.keyboard.press('Enter');
  await page.locator('.sender details[open]').waitFor();

  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
  expect(await all.evaluate((element) => element.ownerDocument.activeElement === element)).toBe(true);
});

test('escape leads from an address that was opened by itself to what contains it', async () => {
  const traceId = placed.traceId;
  const outer: Readonly<Record<string, string>> = {
    [`/traces/${traceId}`]: '/traces',
    [`/compare/${traceId}`]: `/traces/${traceId}`,
    '/orders/o-1': '/orders',
    '/metrics?name=http_request_duration_seconds': '/metrics',
    '/alerts/CircuitBreakerOpen': '/alerts',
    '/alerts?runbook=placement-latency': '/alerts',
    '/tours/dead-gateway': '/tours',
  };
  const reached: string[] = [];
  for (const [path, wanted] of Object.entries(outer)) {
    await page.goto(shown.url + path);
    await page.locator('main h1').first().waitFor();
    await page.keyboard.press('Escape');
    await page.waitForURL(shown.url + wanted);
    reached.push(wanted);
  }
  expect(reached).toEqual(Object.values(outer));
});

test('the space bar chooses a time range in a plot, and escape clears it', async () => {
  await page.goto(`${shown.url}/`);
  const plot = page.getByRole('slider', { name: 'Requests over time' });
  // A range needs two seconds.
  await expect.poll(async () => Number(await plot.getAttribute('aria-valuemax'))).toBeGreaterThanOrEqual(0);
  await plot.focus();
  await expect
    .poll(async () => {
      await page.keyboard.press('End');
      return Number(await plot.getAttribute('aria-valuemax'));
    })
    .toBeGreaterThanOrEqual(3);
  await page.keyboard.press('Space');
  expect(await plot.getAttribute('aria-valuetext')).toContain('space ends it here');
  for (const key of ['ArrowLeft', 'ArrowLeft']) await page.keyboard.press(key);
  expect((await page.locator('.plot .u-select').first().boundingBox())?.width).toBeGreaterThan(0);
  await page.keyboard.press('Space');
  const chip = page.getByRole('button', { name: /^Time range/ });
  await chip.waitFor();
  // The first escape leaves the second that was reached.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await chip.waitFor({ state: 'hidden' });
});
