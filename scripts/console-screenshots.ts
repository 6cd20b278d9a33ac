import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchInterruption } from '../lab/harness/interruption.ts';
import { launchBrowser } from '../test/support/processes/browser.ts';
import { spawnNpmStart } from '../test/support/processes/npm-start-process.ts';

/**
 * Takes the screenshots of the console in docs/images, light and dark: `npm start` with traffic, a temporary outage of
 * the gateway, and each view once. Arguments select views, as in `npm run console:screenshots -- faults`.
 */

const views: ReadonlyArray<readonly [name: string, height: number, open: () => Promise<unknown>]> = [
  ['overview', 860, () => open('/')],
  ['traces', 600, () => open('/traces?route=%2Forders')],
  ['trace', 690, () => openTrace('/traces?status=failed&route=%2Forders')],
  ['logs', 570, () => open('/logs')],
  ['orders', 570, () => open('/orders')],
  ['order', 660, openOrder],
  ['comparison', 860, openComparison],
  ['map', 520, () => open('/map')],
  ['metrics', 720, () => open('/metrics?name=http_request_duration_seconds')],
  ['faults', 940, openFaults],
  ['traffic', 860, () => open('/traffic')],
  ['tour', 760, openTour],
  ['senders', 620, () => open('/senders')],
  ['alerts', 860, openAlerts],
  ['alert', 860, () => open('/alerts/CircuitBreakerOpen')],
];

const wanted = process.argv.slice(2);
const names = views.map(([name]) => name);
if (wanted.includes('--help')) {
  process.stdout.write(
    `npm run console:screenshots -- [view ...]\n\nWithout a view, all: ${names.join(', ')}.\n`,
  );
  process.exit(0);
}
const unknown = wanted.find((each) => !names.includes(each));
if (unknown !== undefined) {
  process.stderr.write(`There is no view "${unknown}". The views are ${names.join(', ')}.\n`);
  process.exit(1);
}

const folder = path.resolve(import.meta.dirname, '../docs/images');
const width = 1280;
const largest = 200_000;

const { signal } = watchInterruption(() => 'Its folder may be left.');
const dataDir = await mkdtemp(path.join(tmpdir(), 'console-screenshots-'));
await using cleanUp = new AsyncDisposableStack();
cleanUp.defer(() => rm(dataDir, { recursive: true, force: true }));
// An alert fires after seconds instead of minutes.
const run = spawnNpmStart({ DATA_DIR: dataDir, CONSOLE_ALERT_TIME_SCALE: '12' });
cleanUp.defer(async () => {
  process.kill(run.pid, 'SIGTERM');
  await run.ended;
});
signal.addEventListener('abort', () => void endNow());
if (signal.aborted) await endNow();
const consoleUrl = await run.find(/Console +(http:\S+)/);
const browser = cleanUp.use(await launchBrowser());
const page = await browser.newPage({ viewport: { width, height: 860 }, colorScheme: 'light' });

const api = (method: string, address: string, body?: object) =>
  page.request.fetch(new URL(address, consoleUrl).href, { method, ...(body && { data: body }) });

await page.goto(consoleUrl);
await createActivity();
for (const [name, height, show] of views) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  await page.setViewportSize({ width, height });
  await show();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await sleep(1200);
    const file = path.join(folder, `console-${name}-${colorScheme}.png`);
    await page.screenshot({ path: file });
    const { size: bytes } = await stat(file);
    process.stdout.write(`${path.relative('.', file)}: ${Math.round(bytes / 1000)} kB\n`);
    if (bytes > largest) process.exitCode = 1;
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

/** The browser ends with this process. */
async function endNow(): Promise<never> {
  process.kill(run.pid, 'SIGTERM');
  await run.ended;
  await rm(dataDir, { recursive: true, force: true });
  process.exit(130);
}

/** Traffic, an outage of the gateway, its end, and a slow gateway. */
async function createActivity(): Promise<void> {
  await api('PUT', '/api/traffic', { rate: 30 });
  await sleep(35_000);
  await api('PUT', '/api/faults', { errorRate: 1 });
  await sleep(25_000);
  await api('DELETE', '/api/faults');
  await sleep(35_000);
  await api('PUT', '/api/faults', { latencyMs: 400, latencyJitterMs: 400 });
  await sleep(15_000);
}

async function open(address: string): Promise<void> {
  await page.goto(new URL(address, consoleUrl).href);
  await sleep(2500);
}

async function openTrace(list: string): Promise<void> {
  await open(list);
  await page.locator('.traces .row', { hasText: '201, errors' }).first().click();
  await page.locator('.spans > li', { hasText: 'payment.charge' }).click();
}

/** Compares that trace with the first one of its name that is offered. */
async function openComparison(): Promise<void> {
  await openTrace('/traces?status=failed&route=%2Forders');
  await page.getByRole('link', { name: 'Compare with another trace' }).click();
  const offered = page.getByLabel('Trace to compare with').locator('option', { hasText: ' 201' }).first();
  await page.getByLabel('Trace to compare with').selectOption((await offered.getAttribute('value')) ?? '');
  await page.locator('.comparison tbody tr').first().waitFor();
}

/** Opens an order that was left pending and settled later. */
async function openOrder(): Promise<void> {
  await open('/logs?event=order.left_pending');
  await page.locator('.logs a[href^="/orders/"]').first().click();
  await page.locator('.life > li').first().waitFor();
}

/** Opens a tour at its second step: the gateway fails, and customers place orders. */
async function openTour(): Promise<void> {
  await api('DELETE', '/api/faults');
  await open('/tours/dead-gateway');
  await page.locator('.steps').getByRole('button', { name: 'Start' }).click();
  await page.locator('.steps').getByRole('button', { name: 'Next' }).click();
  await sleep(12_000);
}

/** Opens the alerts while the gateway has been down for longer than an alert waits. */
async function openAlerts(): Promise<void> {
  await api('DELETE', '/api/faults');
  await api('PUT', '/api/traffic', { rate: 30 });
  await api('PUT', '/api/faults', { errorRate: 1 });
  await open('/alerts');
  await page.locator('.calling .row', { hasText: 'CircuitBreakerOpen' }).locator('.firing').waitFor();
}

/** Opens the faults view with a network fault as well. */
async function openFaults(): Promise<void> {
  await api('PUT', '/api/network/postgres', { toxics: [{ type: 'latency', latency: 30, jitter: 10 }] });
  await open('/faults');
}
