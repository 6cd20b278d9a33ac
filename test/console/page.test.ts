import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startSimulator } from '../../lab/simulator/server.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';
import { launchBrowser } from '../support/processes/browser.ts';
import { otlpSpan, startTestConsole, type TestConsole } from '../support/processes/console.ts';

let browser: Browser;
let shown: TestConsole;
let page: Page;
/** Errors of the page, and violations of its policy. */
let complaints: string[];
let requests: string[];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  shown = await startTestConsole();
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  complaints = [];
  requests = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(shown.pageUrl);
  await page.locator('.plot').first().waitFor();
});
afterEach(async () => {
  await page.close();
  await shown[Symbol.asyncDispose]();
});

const hostile = `<img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script>`;
const attributes = [{ key: hostile, value: { stringValue: hostile } }];

test('markup in a span or a log line shows as text', async () => {
  const span = otlpSpan({ name: `POST ${hostile}`, attributes, events: [{ name: hostile, attributes }] });
  await shown.sendSpans({ ...span, status: { code: 2, message: hostile } });
  await shown.sendLogs({
    traceId: span.traceId,
    spanId: span.spanId,
    severityNumber: 17,
    eventName: hostile,
    body: { stringValue: `line ${hostile}` },
    timeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
    attributes: [...attributes, { key: 'order_id', value: { stringValue: `"><${hostile}` } }],
  });

  await page.goto(`${shown.url}/traces`);
  await page.getByText(`POST ${hostile}`).click();
  await page.getByRole('heading', { name: `POST ${hostile}` }).waitFor();
  await page.locator('.spans > li').first().click();
  await page.locator('.span-detail').getByText(hostile).first().waitFor();
  await page.goto(`${shown.url}/logs`);
  await page.getByText(`line ${hostile}`).click();
  await page.locator('.opened').getByText(hostile).first().waitFor();

  expect(await page.locator('main img, main script').count()).toBe(0);
  expect(await page.title()).toBe('Logs – Console');
  expect(complaints).toEqual([]);
});

test('what cannot be seen in a span or a log line shows escaped, and is copied as it is', async () => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const [hidden, escaped] = [
    'pay\u202Ement\u0007.\u200Bcharge\u2069',
    'pay\\u202ement\\u0007.\\u200bcharge\\u2069',
  ];
  const own = [{ key: `key ${hidden}`, value: { stringValue: `value ${hidden}` } }];
  const span = otlpSpan({ name: `span ${hidden}`, attributes: own, events: [{ name: `event ${hidden}` }] });
  await shown.sendSpans({ ...span, status: { code: 2, message: `message ${hidden}` } });
  await shown.sendLogs({
    traceId: span.traceId,
    spanId: span.spanId,
    severityNumber: 17,
    body: { stringValue: `line ${hidden}` },
    timeUnixNano: span.startTimeUnixNano,
    attributes: own,
  });
  const copied = async () => {
    await page.getByRole('button', { name: 'Copy as JSON' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    return JSON.parse(String(await page.evaluate('navigator.clipboard.readText()'))) as unknown;
  };
  // Inputs, links and data that only the page reads have the true text.
  const unseen = () =>
    page.evaluate('/[\\u202E\\u0007\\u200B\\u2069]/.test(document.body.innerText + document.title)');

  await page.goto(`${shown.url}/traces`);
  await page.getByText(`span ${escaped}`).click();
  await page.getByRole('heading', { name: `span ${escaped}` }).waitFor();
  await page.locator('.spans > li').first().click();
  const detail = page.locator('.span-detail');
  for (const text of [`key ${escaped}`, `value ${escaped}`, `event ${escaped}`, `message ${escaped}`])
    await detail.getByText(text).first().waitFor();
  expect(await page.locator('.spans .event').getAttribute('title')).toContain(`event ${escaped}`);
  expect(await unseen()).toBe(false);
  expect(await copied()).toMatchObject({ name: `span ${hidden}`, message: `message ${hidden}` });

  await page.goto(`${shown.url}/logs`);
  await page.getByText(`line ${escaped}`).click();
  await page.locator('.opened').getByText(`value ${escaped}`).waitFor();
  expect(await unseen()).toBe(false);
  expect(await copied()).toMatchObject({ text: `line ${hidden}` });
  expect(complaints).toEqual([]);
});

test('the page loads nothing from another origin', async () => {
  for (const path of ['/', '/traces', '/logs', '/orders', '/faults', '/traffic']) {
    await page.goto(shown.url + path);
    await page.locator('main h1').waitFor({ state: 'attached' });
  }
  expect(requests.filter((url) => !url.startsWith(`${shown.url}/`))).toEqual([]);
  expect(complaints).toEqual([]);
});

test.each([1280, 390])('no view is wider than a window of %i pixels', async (width) => {
  await page.setViewportSize({ width, height: 844 });
  const span = otlpSpan({ name: `POST /${'very-long-name-'.repeat(20)}`, attributes });
  await shown.sendSpans(span);
  await shown.sendLogs({ severityNumber: 13, body: { stringValue: 'word'.repeat(200) } });
  for (const path of [
    '/',
    '/traces',
    `/traces/${span.traceId}`,
    '/logs',
    '/orders/o-1',
    '/faults',
    '/traffic',
  ]) {
    await page.goto(shown.url + path);
    await page.locator('main h1').first().waitFor({ state: 'attached' });
    const widest = await page.evaluate('document.documentElement.scrollWidth');
    expect({ path, widest }).toEqual({ path, widest: width });
  }
});

test('the keyboard sets network faults, and one restore resets all of them', async () => {
  await using simulator = await simulatorWithNetwork();
  await page.goto(`${shown.url}/faults`);
  const restore = page.getByRole('button', { name: 'Restore' });
  const scenario = page.getByRole('button', { name: 'Postgres unreachable' });
  await scenario.waitFor();
  expect(await restore.isDisabled()).toBe(true);
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  }

  await scenario.focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => scenario.getAttribute('aria-pressed')).toBe('true');
  expect(await page.getByLabel('postgres timeout').isChecked()).toBe(true);
  await page.locator('.band[data-state=fault]', { hasText: 'Postgres unreachable' }).waitFor();
  await page.getByLabel('postgres timeout').focus();
  await page.keyboard.press('Space');
  await expect.poll(() => scenario.getAttribute('aria-pressed')).toBe('false');

  await page.getByLabel('gateway jitter').fill('20');
  await page.keyboard.press('Tab');
  await expect.poll(() => page.getByLabel('gateway latency').inputValue()).toBe('0');
  await page.getByLabel('gateway cut').focus();
  await page.keyboard.press('Space');
  await page.locator('.band', { hasText: 'gateway: cut, 0 to 20 ms slower' }).waitFor();
  expect(simulator.network.all()).toMatchObject({
    postgres: { enabled: true, toxics: [] },
    gateway: { enabled: false, toxics: [{ type: 'latency', latency: 0, jitter: 20 }] },
  });

  await restore.focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => restore.isDisabled()).toBe(true);
  expect(await page.getByLabel('gateway jitter').inputValue()).toBe('');
  expect(simulator.network.all()).toMatchObject({ gateway: { enabled: true, toxics: [] } });
  expect(complaints).toEqual([]);
});

test('a fault is drawn on the edge of the map that it disturbs', async () => {
  await using simulator = await simulatorWithNetwork();
  const database = [{ key: 'db.system.name', value: { stringValue: 'postgresql' } }];
  await shown.sendSpans(otlpSpan({ kind: 3, name: 'SELECT', attributes: database }));
  await shown.call('PUT', '/api/network/postgres', { body: { enabled: false, toxics: [] } });
  await page.goto(`${shown.url}/map`);
  await page.locator('.edge.faulty .fault', { hasText: 'cut' }).waitFor();
  expect(simulator.network.all()).toMatchObject({ postgres: { enabled: false } });
  await shown.call('DELETE', '/api/faults');
  await expect.poll(() => page.locator('.edge.faulty').count()).toBe(0);
});

test('markup in the name of a proxy shows as text', async () => {
  await using simulator = await simulatorWithNetwork();
  await simulator.network.connect(hostile, 'tcp://127.0.0.1:1');
  await page.goto(`${shown.url}/faults`);
  await page.locator('.proxy', { hasText: hostile }).waitFor();
  expect(await page.locator('main img, main script').count()).toBe(0);
  expect(complaints).toEqual([]);
});

/** A simulator that the console knows, with proxies that lead nowhere. */
async function simulatorWithNetwork() {
  const logger = createLogger({ service: 'payment-gateway', level: 'silent' });
  const simulator = await startSimulator({ host: '127.0.0.1', port: 0, logger });
  for (const name of ['postgres', 'gateway']) await simulator.network.connect(name, 'tcp://127.0.0.1:1');
  const nobody = { apiUrl: 'http://127.0.0.1:1', apiKey: 'none', metricsUrl: 'http://127.0.0.1:1/metrics' };
  shown.watch({ ...nobody, gatewayUrl: simulator.url });
  return { ...simulator, [Symbol.asyncDispose]: () => simulator.close() };
}

test('keys open a trace from the list and return', async () => {
  const spans = ['first', 'second', 'third'].map((name, index) => {
    const start = BigInt(Date.now() + index) * 1_000_000n;
    return otlpSpan({ name, startTimeUnixNano: String(start), endTimeUnixNano: String(start) });
  });
  await shown.sendSpans(...spans);
  await page.keyboard.press('2');
  await page.locator('.traces .row').nth(2).waitFor();
  for (const key of ['j', 'j', 'j', 'k']) await page.keyboard.press(key);
  await expect.poll(() => page.locator('li.selected .name').textContent()).toBe('second');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'second' }).waitFor();
  await page.keyboard.press('j');
  await page.locator('.span-detail h2').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.locator('.traces .row').first().waitFor();
  expect(new URL(page.url()).pathname).toBe('/traces');
});

test('a sender whose clock is an hour ahead does not hide the others', async () => {
  const nanoseconds = (milliseconds: number) => String(BigInt(milliseconds) * 1_000_000n);
  const lineAt = (text: string, time: number) => ({
    severityNumber: 9,
    body: { stringValue: text },
    timeUnixNano: nanoseconds(time),
  });
  const ahead = Date.now() + 3_600_000;
  await page.goto(`${shown.url}/logs`);
  await page.getByText('Waiting for log lines.').waitFor();
  await shown.sendLogs(...Array.from({ length: 210 }, (_, at) => lineAt(`ahead ${at}`, ahead + at)));
  await page.getByText('ahead 209', { exact: true }).waitFor();
  await shown.sendLogs(lineAt('on time', Date.now()));
  await page.getByText('on time').waitFor({ state: 'attached' });

  await page.goto(`${shown.url}/traces`);
  await page.getByText('Waiting for traces.').waitFor();
  const spanAt = (name: string, time: number) =>
    otlpSpan({ name, startTimeUnixNano: nanoseconds(time), endTimeUnixNano: nanoseconds(time + 5) });
  await shown.sendSpans(...Array.from({ length: 110 }, (_, at) => spanAt('GET /ahead', ahead + at)));
  await page.getByText('GET /ahead').nth(99).waitFor();
  await shown.sendSpans(spanAt('GET /on-time', Date.now()));
  await page.getByText('GET /on-time').waitFor();
  expect(await page.locator('.traces .row').count()).toBe(100);
  expect(complaints).toEqual([]);
});

test('the search field opens the trace whose id a text contains', async () => {
  const span = otlpSpan({ name: 'GET /searched' });
  await shown.sendSpans(span);
  await page.keyboard.press('/');
  await page.keyboard.insertText(`{"code":"internal_error","traceId":"${span.traceId}"}`);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'GET /searched' }).waitFor();
  expect(new URL(page.url()).pathname).toBe(`/traces/${span.traceId}`);

  await page.keyboard.press('/');
  await page.keyboard.insertText('f'.repeat(32));
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText('The console does not have this trace').waitFor();
});

test('the page of a restarted console asks for the new address', async () => {
  await page.context().clearCookies();
  await page.locator('.beat.bad', { hasText: 'The console was restarted' }).waitFor();
  await page.goto(shown.url);
  expect(await page.getByRole('heading').textContent()).toBe('The token is missing');
});
