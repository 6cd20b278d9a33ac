import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AlertsState } from '../../lab/console/alert-types.ts';
import type { TraceDetail } from '../../lab/console/api-types.ts';
import { launchBrowser } from '../support/processes/browser.ts';
import { otlpSpan, startTestConsole, type TestConsole } from '../support/processes/console.ts';

// Telemetry that no sender of this project sends, and that others may.

let browser: Browser;
let shown: TestConsole;
let page: Page;
const stack = new AsyncDisposableStack();
const word = 'unbroken'.repeat(60);
const long = otlpSpan({ name: word, status: { code: 2, message: 'no route to the host, '.repeat(60) } });
const idOf = (depth: number) => String(depth + 1).padStart(16, 'd');
const deep = Array.from({ length: 200 }, (_none, depth) =>
  otlpSpan({
    traceId: 'd'.repeat(32),
    spanId: idOf(depth),
    name: `level ${depth}`,
    ...(depth > 0 && { parentSpanId: idOf(depth - 1) }),
  }),
);

beforeAll(async () => {
  browser = stack.use(await launchBrowser());
  shown = stack.use(await startTestConsole());
  await shown.sendSpans(long, ...deep);
  const dataPoints = [{ timeUnixNano: String(BigInt(Date.now()) * 1_000_000n), asDouble: 1e18 }];
  const metrics = [{ name: word, description: word, gauge: { dataPoints } }];
  await shown.raw('POST', '/v1/metrics', { body: { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] } });
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(shown.pageUrl);
  await page.locator('.plot').first().waitFor();
});
afterAll(() => stack[Symbol.asyncDispose]());

test.each([1280, 390])('long words and deep traces stay within a window of %i pixels', async (width) => {
  await page.setViewportSize({ width, height: 800 });
  const widest = () => page.evaluate('document.documentElement.scrollWidth');
  await page.goto(`${shown.url}/traces/${long.traceId}`);
  await page.locator('.spans .name').first().waitFor();
  expect(await widest()).toBe(width);
  await page.goto(`${shown.url}/compare/${long.traceId}?with=${long.traceId}`);
  await page.locator('.comparison tbody td').first().waitFor();
  expect(await widest()).toBe(width);
  await page.goto(`${shown.url}/metrics?name=${word}`);
  await page.locator('.metric tbody td').first().waitFor();
  expect(await widest()).toBe(width);
  await page.goto(`${shown.url}/traces/${'d'.repeat(32)}`);
  const innermost = page.locator('.spans .name').last();
  await innermost.waitFor();
  expect(await widest()).toBe(width);
  expect((await innermost.boundingBox())?.width).toBeGreaterThan(30);
});

test('a trace is compared with those of its whole name and its service, or with the one of the address', async () => {
  const named = otlpSpan({ name: 'GET /cart' });
  const same = otlpSpan({ name: 'GET /cart' });
  await shown.sendSpans(named, same, otlpSpan({ name: 'GET /cart/:id' }), otlpSpan({ name: 'get /cart' }));
  await page.goto(`${shown.url}/compare/${named.traceId}`);
  const options = page.getByLabel('Trace to compare with', { exact: true }).locator('option');
  await expect.poll(() => options.count()).toBe(2);
  expect(await options.nth(1).getAttribute('value')).toBe(same.traceId);
  await page.goto(`${shown.url}/compare/${named.traceId}?with=${long.traceId}`);
  await page.locator('.side-by-side h2').nth(1).waitFor();
  expect(await page.getByLabel('Trace to compare with', { exact: true }).inputValue()).toBe(long.traceId);
  await page.goto(`${shown.url}/compare/${named.traceId}`);
  const wanted = page.getByLabel('Id of any other trace');
  await wanted.fill('12');
  await wanted.press('Enter');
  await page.getByText('The id of a trace has 32 hexadecimal digits.').waitFor();
  await wanted.fill(`00-${long.traceId.toUpperCase()}-00f067aa0ba902b7-01`);
  await wanted.press('Enter');
  await page.waitForURL(`${shown.url}/compare/${named.traceId}?with=${long.traceId}`);
  await page.locator('.side-by-side h2').nth(1).waitFor();
  await page.goto(`${shown.url}/compare/${long.traceId}`);
  await expect
    .poll(() => page.locator('.comparison').textContent())
    .toBe('The console has no other trace of this name and service.');
});

test('a trace, a span and a log line without a name or a text can be read and opened', async () => {
  const nameless = otlpSpan({ traceId: '7'.repeat(32), name: '', events: [{ name: ' ' }] });
  await shown.sendSpans(nameless);
  for (const rest of [{ eventName: 'cart.emptied' }, { body: { stringValue: ' ' } }])
    await shown.sendLogs({ traceId: nameless.traceId, severityNumber: 9, ...rest });
  await page.goto(`${shown.url}/traces?text=${nameless.traceId}`);
  await page.getByRole('link', { name: 'without a name' }).click();
  await page.getByRole('heading', { name: 'without a name', level: 1 }).waitFor();
  await page.locator('.spans .name').first().click();
  await expect
    .poll(() => page.locator('.span-detail :is(h2, strong)').allTextContents())
    .toEqual(['without a name', 'without a name']);
  await page.goto(`${shown.url}/logs?trace=${nameless.traceId}`);
  await page.getByRole('button', { name: 'cart.emptied' }).waitFor();
  await page.getByRole('button', { name: 'without a text' }).click();
  await page.locator('.opened').waitFor();
});

test('a service whose name is written from right to left leaves the duration of its span on the right', async () => {
  const span = otlpSpan({ traceId: 'e'.repeat(32) });
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'שירות' } }] };
  const body = { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] };
  await shown.raw('POST', '/v1/traces', { body });
  await page.goto(`${shown.url}/traces/${span.traceId}?span=${span.spanId}`);
  const parts = page.locator('.span-detail > p span');
  await expect.poll(() => parts.allTextContents()).toEqual(['שירות', '5.00 ms']);
  const places = await Promise.all([parts.first(), parts.last()].map((part) => part.boundingBox()));
  expect(places[0]?.x).toBeLessThan(places[1]?.x ?? 0);
});

test('a trace is named after its root, although a clock that is behind dates other spans before it', async () => {
  const nanoseconds = (text: string) => `${Date.parse(text)}000000`;
  const times = {
    startTimeUnixNano: nanoseconds('2020-02-03T10:00:00'),
    endTimeUnixNano: nanoseconds('2020-02-03T10:00:01'),
  };
  const root = otlpSpan({ traceId: '8'.repeat(32), name: 'the root', ...times });
  const startTimeUnixNano = nanoseconds('2020-02-03T09:59:59');
  await shown.sendSpans(root, {
    ...otlpSpan({ ...root, name: 'behind' }),
    spanId: '9'.repeat(16),
    parentSpanId: '8'.repeat(16),
    startTimeUnixNano,
  });
  await page.goto(`${shown.url}/traces/${root.traceId}`);
  await page.getByRole('heading', { name: 'the root', level: 1 }).waitFor();
  expect(await page.locator('.facts').textContent()).toContain('Mon Feb 03 2020, 09:59:59.000');
});

test('a trace that begins with a call has the same status in the list and on its page', async () => {
  const attributes = [{ key: 'http.response.status_code', value: { intValue: '404' } }];
  const call = otlpSpan({ kind: 3, attributes });
  await shown.sendSpans(call);
  for (const path of [`traces?text=${call.traceId}`, `traces/${call.traceId}`]) {
    await page.goto(`${shown.url}/${path}`);
    await expect.poll(() => page.locator(':is(.heading, a.row) .status').allTextContents()).toEqual(['ok']);
  }
});

test('a long line leaves room for others on a phone until it is opened, and then has its own lines', async () => {
  const text = `first line\n${'of a very long trace of a stack '.repeat(120)}`;
  await shown.sendLogs({ traceId: '6'.repeat(32), severityNumber: 17, body: { stringValue: text } });
  await page.setViewportSize({ width: 390, height: 800 });
  await page.goto(`${shown.url}/logs?trace=${'6'.repeat(32)}`);
  const line = page.getByRole('button', { name: 'first line' });
  await line.waitFor();
  const height = async () => (await line.boundingBox())?.height;
  expect(await height()).toBeLessThan(120);
  await line.click();
  expect(await height()).toBeGreaterThan(800);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('a trace names each trace that it links to once, and not itself', async () => {
  const traceId = '5'.repeat(32);
  const other = long.traceId;
  const links = [other, other, traceId, ''].map((id) => ({ traceId: id, spanId: '5'.repeat(16) }));
  await shown.sendSpans(otlpSpan({ traceId, name: 'consume', links }));
  await page.goto(`${shown.url}/traces/${traceId}`);
  await page.getByRole('heading', { name: 'consume' }).waitFor();
  expect(await page.locator('.facts a[href^="/traces/"]').allTextContents()).toEqual([other]);
});

test('the page of a trace that is too long counts the spans that still arrive', async () => {
  const trace = otlpSpan({ traceId: '4'.repeat(32) });
  await shown.sendSpans(trace);
  let dropped = 0;
  // A browser needs seconds for as many spans as are kept.
  await page.route(`**/api/traces/${trace.traceId}`, async (route) => {
    const detail = (await (await route.fetch()).json()) as TraceDetail;
    dropped += 1;
    await route.fulfill({ json: { ...detail, dropped } });
  });
  await page.goto(`${shown.url}/traces/${trace.traceId}`);
  await expect.poll(() => page.locator('.facts').textContent()).toContain('1 of 3');
});

test('an address opens the line that was open, although many have arrived since', async () => {
  const at = { traceId: '2'.repeat(32), severityNumber: 9 };
  const line = (text: string) => ({ ...at, body: { stringValue: text } });
  await shown.sendLogs(line('the wanted one'), line('another'));
  await page.goto(`${shown.url}/logs?trace=${at.traceId}`);
  await page.getByRole('button', { name: 'the wanted one' }).click();
  await expect.poll(() => page.url()).toContain('line=');
  await shown.sendLogs(...Array.from({ length: 400 }, (_none, index) => line(`later ${index}`)));
  await page.reload();
  await page.locator('li.open', { hasText: 'the wanted one' }).waitFor();
  await page.getByRole('button', { name: '301 newer' }).click();
  await page.getByRole('button', { name: 'later 399' }).waitFor();
  expect(page.url()).not.toContain('line=');
});

test('an address opens the attributes of the sender that were open', async () => {
  await page.goto(`${shown.url}/senders`);
  await page
    .getByText(/^All \d+ attributes$/)
    .first()
    .click();
  await expect.poll(() => page.url()).toContain('sender=');
  await page.reload();
  await page.locator('.sender details[open]').waitFor();
});

test('an address with any level shows the lines from that level on', async () => {
  for (const severityNumber of [17, 21])
    await shown.sendLogs({
      traceId: '3'.repeat(32),
      severityNumber,
      body: { stringValue: `of ${severityNumber}` },
    });
  await page.goto(`${shown.url}/logs?trace=${'3'.repeat(32)}&level=fatal`);
  await expect.poll(() => page.locator('.logs .name').allTextContents()).toEqual(['of 21']);
});

test('a list is in the order of its address', async () => {
  await page.goto(`${shown.url}/traces?sort=-spans`);
  await expect.poll(() => page.locator('.traces .name').first().textContent()).toBe('level 0');
});

test('a key goes on from the span that was clicked', async () => {
  await page.goto(`${shown.url}/traces/${'d'.repeat(32)}`);
  await page.locator('.spans > li').nth(3).click();
  await page.keyboard.press('j');
  expect(await page.locator('.spans > .selected .name').allTextContents()).toEqual(['level 4']);
  expect(page.url()).toContain(`span=${idOf(4)}`);
});

test('the page of an alert has the runbooks of those that are active, also of one that fires later', async () => {
  let active: object[] = [];
  const firing = (name: string) => ({
    state: 'firing',
    since: Date.now(),
    value: 1,
    labels: {},
    annotations: { runbook_url: `https://wiki.example/docs/runbooks/${name}.md` },
  });
  await page.route('**/api/alerts*', async (route) => {
    const state = (await (await route.fetch()).json()) as AlertsState;
    Object.assign(state.rules[0] ?? {}, { name: 'Burning', active, runbooks: ['memory', 'host'] });
    await route.fulfill({ json: state });
  });
  const runbooks = page.getByRole('article', { name: 'Runbook' });
  await page.goto(`${shown.url}/alerts/Burning`);
  await expect.poll(() => runbooks.count()).toBe(2);
  active = [firing('memory')];
  await expect.poll(() => runbooks.count()).toBe(1);
});

test('an alert of any name has a page, with every rule of that name', async () => {
  const name = 'Disk 90 % full: /var';
  // The rules are those of the project, in which no two have one name.
  await page.route('**/api/alerts*', async (route) => {
    const state = (await (await route.fetch()).json()) as AlertsState;
    const rules = state.rules.slice(0, 2);
    for (const [index, rule] of rules.entries())
      Object.assign(rule, { name, severity: ['page', 'ticket'][index], query: `free < ${index}` });
    await route.fulfill({ json: { ...state, rules } });
  });
  await page.goto(`${shown.url}/alerts`);
  await page.getByRole('link', { name }).first().click();
  await page.getByRole('heading', { name, level: 1 }).waitFor();
  await expect
    .poll(() => page.getByRole('group', { name: 'Condition' }).allTextContents())
    .toEqual(['free < 0', 'free < 1']);
  expect(await page.locator('.rule > p').allTextContents()).toEqual([
    expect.stringMatching(/page$/),
    expect.stringMatching(/ticket$/),
  ]);
  await page.reload();
  await page.getByRole('heading', { name, level: 1 }).waitFor();
});
