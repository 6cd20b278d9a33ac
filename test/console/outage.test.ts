import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { layoutShift, watchLayout } from '../support/clients/layout-shift.ts';
import { launchBrowser } from '../support/processes/browser.ts';
import { spawnNpmStart } from '../support/processes/npm-start-process.ts';

/** Milliseconds that one step may take on a busy machine. */
const patience = { timeout: 60_000 };

test('an outage shows on the page: the breaker opens, its alert is pending and then fires, a trace gives the reason, the backlog drains after Restore', {
  timeout: 240_000,
}, async () => {
  await using cleanUp = new AsyncDisposableStack();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'console-outage-test-'));
  cleanUp.defer(() => rm(dataDir, { recursive: true, force: true }));
  // The alert waits for 12 seconds instead of two minutes.
  const run = cleanUp.use(spawnNpmStart({ DATA_DIR: dataDir, CONSOLE_ALERT_TIME_SCALE: '10' }));
  const pageUrl = await run.find(/Console +(http:\S+)/);
  const browser = cleanUp.use(await launchBrowser());
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  page.setDefaultTimeout(patience.timeout);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await watchLayout(page);
  await page.goto(pageUrl);

  await page.getByRole('button', { name: 'Start traffic' }).click();
  await page.locator('.band.breaker[data-key="breaker:payment"][data-state=closed]').waitFor();
  await expect.poll(() => figureOf(page, 'Requests'), patience).toBeGreaterThan(5);

  await page.getByRole('link', { name: 'Faults', exact: true }).click();
  await page.getByRole('button', { name: /^Gateway down/ }).click();
  await page.getByRole('link', { name: 'Alerts', exact: true }).click();
  const alert = page.locator('.calling .row', { hasText: 'CircuitBreakerOpen' });
  await alert.locator('.alert-state.pending').waitFor();
  expect(await alert.textContent()).toMatch(/page.*on 1 replica.*fires in \d+ s/);
  await page.getByRole('link', { name: 'Overview', exact: true }).click();
  await page.locator('.band[data-state=fault]').waitFor();
  await page.locator('.band.breaker[data-key="breaker:payment"][data-state=open]').waitFor();
  await expect.poll(() => figureOf(page, 'Pending'), patience).toBeGreaterThan(20);
  const pending = await figureOf(page, 'Pending');

  await page.getByRole('link', { name: 'Traces', exact: true }).click();
  await page.getByLabel('Text').fill('circuit_open');
  await page.waitForURL(/text=circuit_open/);
  await page.locator('.traces .row', { hasText: 'POST /orders' }).first().click();
  await page.locator('.spans > li', { hasText: 'payment.charge' }).click();
  const detail = page.locator('.span-detail');
  await detail.getByRole('heading', { name: 'payment.charge' }).waitFor();
  expect(await detail.textContent()).toMatch(/failed: circuit_open.*circuit_breaker\.stateopen/);
  await page.locator('.spans > .line', { hasText: 'payment undecided, order left to settlement' }).waitFor();

  await page.getByRole('link', { name: 'Alerts', exact: true }).click();
  await alert.locator('.alert-state.firing').waitFor();
  await alert.getByRole('link').click();
  const firing = page.locator('.alert .card');
  await firing.waitFor();
  expect(await firing.textContent()).toMatch(/cut off.*firing since \d\d:\d\d:\d\d.*breakerpayment/);
  await page.locator('.runbook').getByRole('heading', { name: 'How to rehearse it' }).waitFor();

  await page.getByRole('link', { name: 'Overview', exact: true }).click();
  await page.getByRole('button', { name: 'Restore' }).click();
  await page.locator('.band.breaker[data-key="breaker:payment"][data-state=closed]').waitFor();
  await expect.poll(() => figureOf(page, 'Pending'), patience).toBeLessThan(pending / 4);

  await page.getByRole('link', { name: 'Alerts', exact: true }).click();
  await page
    .locator('.all .row', { hasText: 'CircuitBreakerOpen' })
    .locator('.alert-state.inactive')
    .waitFor();

  expect(complaints).toEqual([]);
  // Half of the threshold for a good score. https://web.dev/articles/cls
  expect(await layoutShift(page)).toBeLessThan(0.05);
});

async function figureOf(page: Page, title: string): Promise<number> {
  const tile = page.locator('.tiles > div', { has: page.getByText(title, { exact: true }) });
  return Number.parseFloat((await tile.locator('.figure').textContent())?.replaceAll(',', '') ?? '');
}
