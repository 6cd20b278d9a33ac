import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/processes/browser.ts';
import {
  otlpSpan,
  startTestConsole,
  type TestConsole,
  traceRequestOf,
} from '../support/processes/console.ts';

// The page in windows, colours and times that its authors do not have, with texts that are wider than their place.

let browser: Browser;
let shown: TestConsole;
let page: Page;
const stack = new AsyncDisposableStack();
const span = otlpSpan({
  name: 'POST /things',
  status: { code: 2 },
  events: [{ name: 'retry', timeUnixNano: otlpSpan().startTimeUnixNano }],
});
/** Three years and a day ago, at any hour. */
const old = BigInt(Date.now() - 1096 * 86_400_000) * 1_000_000n;
const oldDay = new RegExp(
  `^${new Date(Number(old / 1_000_000n)).toDateString().replace(/^\w+ (\w+ \d+) (\d+)$/, '$1, $2')}$`,
);

beforeAll(async () => {
  browser = stack.use(await launchBrowser());
  shown = stack.use(await startTestConsole());
  const startTimeUnixNano = String(old);
  await shown.sendSpans(
    span,
    otlpSpan({ name: 'GET /old', startTimeUnixNano, endTimeUnixNano: startTimeUnixNano }),
  );
  await shown.sendLogs(
    { severityNumber: 9, body: { stringValue: 'said long ago' }, timeUnixNano: startTimeUnixNano },
    {
      traceId: span.traceId,
      severityNumber: 17,
      body: { stringValue: 'said now' },
      timeUnixNano: span.startTimeUnixNano,
    },
  );
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(shown.pageUrl);
  await page.locator('.plot').first().waitFor();
});
afterAll(() => stack[Symbol.asyncDispose]());

test.each([
  ['/traces', 'GET /old'],
  ['/logs', 'said long ago'],
])('what is of another day has its day in the list at %s', async (path, name) => {
  await page.goto(shown.url + path);
  const time = page.locator('.row', { hasText: name }).locator('.time');
  expect(await time.textContent()).toMatch(oldDay);
  expect(await time.getAttribute('title')).toMatch(/\d{4}, \d\d:\d\d:\d\d\.\d{3}$/);
});

test('with a contrast theme, the bars of a trace, the marks beside texts and the current view can be told apart', async () => {
  const context = await browser.newContext({ forcedColors: 'active', colorScheme: 'dark' });
  const forced = await context.newPage();
  await forced.goto(shown.pageUrl);
  await forced.locator('.plot').first().waitFor();
  const colours = (selector: string, property: string): Promise<string[]> =>
    forced.evaluate(
      `[...document.querySelectorAll('${selector}')].map((each) => getComputedStyle(each).getPropertyValue('${property}'))`,
    );
  const [ground = ''] = await colours('body', 'background-color');
  const lines = await colours('.plot:has([aria-label^="Requests"]) .legend i', 'background-color');
  expect(new Set([ground, ...lines]).size).toBe(5);
  const links = await colours('.top nav a', 'border-bottom-color');
  expect(links.filter((each) => each !== ground)).toHaveLength(1);
  await forced.goto(`${shown.url}/traces/${span.traceId}`);
  await forced.locator('.spans .moment').waitFor();
  for (const mark of ['.bar', '.critical', '.event', '.moment', '.service']) {
    expect({ mark, shown: await colours(`.spans ${mark}`, 'background-color') }).toEqual({
      mark,
      shown: [expect.not.stringMatching(ground.replaceAll(/[()]/g, '.'))],
    });
  }
  await context.close();
});

test.each([640, 720, 800, 1024])('the mix of visits can be read in a window of %i pixels', async (width) => {
  await page.setViewportSize({ width, height: 800 });
  await page.goto(`${shown.url}/traffic`);
  const meaning = page.locator('.mix .muted').first();
  await meaning.waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  expect((await meaning.boundingBox())?.width).toBeGreaterThan(140);
});

test('the link to the current view is in sight in a narrow window', async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`${shown.url}/senders`);
  const link = page.locator('nav [aria-current]');
  await link.waitFor();
  const box = await link.boundingBox();
  expect(box && box.x + box.width).toBeLessThanOrEqual(360);
});

test('without a simulator, no fault is marked as set, and there is nothing to restore', async () => {
  await page.goto(`${shown.url}/faults`);
  await page.locator('.setting input').first().waitFor();
  expect(await page.locator('.setting.set').count()).toBe(0);
  expect(await page.getByRole('button', { name: 'Restore' }).isDisabled()).toBe(true);
});

test('services that share their dependencies have calls on the map whose figures do not cover each other', async () => {
  await page.setViewportSize({ width: 1280, height: 800 });
  for (const service of ['cart', 'search', 'mail']) {
    const calls = ['mysql', 'redis', 'mongodb'].map((system) =>
      otlpSpan({ kind: 3, attributes: [{ key: 'db.system.name', value: { stringValue: system } }] }),
    );
    const body = traceRequestOf([otlpSpan(), ...calls], service);
    expect((await shown.raw('POST', '/v1/traces', { body })).status).toBe(200);
  }
  await page.goto(`${shown.url}/map`);
  await page.locator('.map .node', { hasText: 'mongodb' }).waitFor();
  const boxes = await Promise.all(
    (await page.locator('.map .edge text').all()).map((each) => each.boundingBox()),
  );
  // Those of the spans before, too.
  expect(boxes.length).toBeGreaterThanOrEqual(12);
  const covered = boxes.flatMap((a, index) =>
    boxes.slice(index + 1).filter(
      (b) =>
        a !== null &&
        b !== null &&
        a.x < b.x + b.width &&
        b.x < a.x + a.width &&
        // The box of a text is higher than its letters.
        a.y + 3 < b.y + b.height &&
        b.y + 3 < a.y + a.height,
    ),
  );
  expect(covered).toEqual([]);
});

test('why a span failed is read to its end, line by line, and so are the attributes of a link', async () => {
  const message = `${'a message that is wider than its panel, '.repeat(3)}\nand has a second line`;
  const attributes = [{ key: 'role', value: { stringValue: 'the first of its batch' } }];
  const links = [{ traceId: '5'.repeat(32), spanId: '5'.repeat(16), attributes }];
  const broken = otlpSpan({ status: { code: 2, message }, links });
  await shown.sendSpans(broken);
  await page.goto(`${shown.url}/traces/${broken.traceId}?span=${broken.spanId}`);
  const panel = page.locator('.span-detail');
  const reason = panel.locator('.status');
  expect(await reason.innerText()).toBe(`failed: ${message}`);
  const [inner, outer] = [await reason.boundingBox(), await panel.boundingBox()];
  expect(inner?.height).toBeGreaterThan(60);
  expect(inner && outer && inner.x + inner.width <= outer.x + outer.width).toBe(true);
  expect(await panel.locator('section', { hasText: 'Links' }).textContent()).toContain(
    'rolethe first of its batch',
  );
});

test('a trace is printed with its bars, in dark letters, and the list of log lines is printed whole', async () => {
  await page.goto(`${shown.url}/traces/${span.traceId}`);
  await page.locator('.spans .moment').waitFor();
  const chosen = (theme: string) => page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
  const shownAs = (property: string, selector: string) =>
    page.evaluate(
      `[...new Set([...document.querySelectorAll('${selector}')].map((each) => getComputedStyle(each).getPropertyValue('${property}')))]`,
    );
  await chosen('light');
  const [ink, marks] = [
    await shownAs('color', 'body'),
    '.spans :is(.bar, .critical, .event, .moment, .service)',
  ];
  await chosen('dark');
  expect(await shownAs('color', 'body')).not.toEqual(ink);
  await page.emulateMedia({ media: 'print' });
  expect(await shownAs('color', 'body')).toEqual(ink);
  expect(await shownAs('print-color-adjust', marks)).toEqual(['exact']);
  const line = { severityNumber: 9, body: { stringValue: 'one of many' } };
  await shown.sendLogs(...Array.from({ length: 60 }, () => line));
  await page.goto(`${shown.url}/logs`);
  await page.locator('.logs .row').nth(59).waitFor();
  expect(
    await page.evaluate(
      "(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)(document.querySelector('.logs.rows'))",
    ),
  ).toBe(0);
  await page.emulateMedia({ media: 'screen' });
});
