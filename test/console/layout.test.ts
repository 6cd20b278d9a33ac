import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { layoutShift, shiftedNodes, watchLayout } from '../support/clients/layout-shift.ts';
import { launchBrowser } from '../support/processes/browser.ts';
import { scrapedService } from '../support/processes/scraped-service.ts';
import { otlpSpan, startTestConsole, type TestConsole } from '../support/processes/console.ts';

// What a user reads or has focused stays where it is while telemetry arrives and alerts come and go.

const stack = new AsyncDisposableStack();
let shown: TestConsole;
const pages = new Map<string, Page>();
let isBreakerOpen = false;
const first = otlpSpan({ name: 'POST /orders' });

/** Views, and what has the focus in each meanwhile. */
const views: Readonly<Record<string, string>> = {
  '/': '.worth a',
  '/traces': '.traces .row',
  [`/traces/${first.traceId}`]: '.heading a >> nth=-1',
  [`/compare/${first.traceId}?with=${first.traceId}`]: '.side-by-side a',
  '/logs': '.logs button.name >> nth=0',
  '/orders': '.head button >> nth=0',
  '/orders/o-1': '.life a',
  '/map': '.map',
  '/metrics': '.metric-names a >> nth=1',
  '/metrics?name=http_request_duration_seconds': '.metric select',
  '/alerts': '.all .row a >> nth=2',
  '/alerts/CircuitBreakerOpen': '.alert .card a',
  '/senders': 'summary',
  '/faults': '.scenarios button >> nth=0',
  '/traffic': 'main input >> nth=0',
  '/tours': '.story >> nth=1',
  '/tours/dead-gateway': '.steps button',
};

/** Milliseconds that a step may take on a busy machine. */
const patience = { timeout: 60_000 };

beforeAll(async () => {
  const service = stack.use(await scrapedService(first.traceId, () => isBreakerOpen));
  // Two minutes are two seconds.
  shown = stack.use(await startTestConsole({ targets: service.targets, timeScale: 60 }));
  await send();
  const browser = stack.use(await launchBrowser());
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await (await context.newPage()).goto(shown.pageUrl);
  await Promise.all(
    Object.keys(views).map(async (path) => {
      const page = await context.newPage();
      pages.set(path, page);
      await watchLayout(page);
      await page.goto(shown.url + path);
      await page.locator('main h1').first().waitFor({ state: 'attached' });
    }),
  );
  const sending = setInterval(() => void send(), 300);
  stack.defer(() => clearInterval(sending));
}, 120_000);
afterAll(() => stack[Symbol.asyncDispose]());

/** Half of the threshold for a good score. https://web.dev/articles/cls */
const most = 0.05;

test('no view moves what it shows or loses the focus while telemetry arrives and alerts come and go', {
  timeout: 240_000,
}, async () => {
  const alerts = pages.get('/alerts');
  const calling = alerts?.locator('.calling .row', { hasText: 'CircuitBreakerOpen' });
  await arrivals(6);
  isBreakerOpen = true;
  await calling?.locator('.alert-state.firing').waitFor(patience);
  for (const [path, page] of pages)
    await page
      .locator(views[path] ?? 'main')
      .first()
      .focus(patience);
  await arrivals(10);
  isBreakerOpen = false;
  await calling?.waitFor({ state: 'detached', ...patience });
  const seen = await Promise.all(
    [...pages].map(async ([path, page]) => ({
      path,
      shift: await layoutShift(page),
      moved: await shiftedNodes(page),
      focus: await page.evaluate('document.activeElement?.matches("body, main")'),
    })),
  );
  expect(seen.filter(({ shift }) => shift >= most)).toEqual([]);
  expect(seen.filter(({ focus }) => focus !== false).map(({ path }) => path)).toEqual([]);
});

let sent = 0;

/** Sends what a request leaves: two spans, and a line that belongs to an order. */
async function send(): Promise<void> {
  sent += 1;
  const order = [{ key: 'orders.order.id', value: { stringValue: 'o-1' } }];
  const span = sent === 1 ? first : otlpSpan({ name: `POST /orders/${sent % 3}`, attributes: order });
  const statement = otlpSpan({
    traceId: span.traceId,
    parentSpanId: span.spanId,
    name: 'INSERT',
    kind: 3,
    attributes: [{ key: 'db.system.name', value: { stringValue: `database-${sent % 3}` } }],
  });
  await shown.sendSpans(span, statement);
  await shown.sendLogs({
    traceId: span.traceId,
    severityNumber: 9,
    body: { stringValue: `line ${sent}` },
    timeUnixNano: span.startTimeUnixNano,
    attributes: [{ key: 'order_id', value: { stringValue: 'o-1' } }],
  });
}

/** Waits until so many requests more were sent. */
async function arrivals(count: number): Promise<void> {
  const wanted = sent + count;
  await expect.poll(() => sent, patience).toBeGreaterThanOrEqual(wanted);
}
