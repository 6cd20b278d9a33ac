import { expect, test } from 'vitest';
import { launchBrowser } from '../support/processes/browser.ts';
import { startTestConsole } from '../support/processes/console.ts';
import { startPrometheus } from '../support/processes/prometheus.ts';
import { scrapedService } from '../support/processes/scraped-service.ts';

/** Milliseconds that one step may take on a busy machine. */
const patience = 60_000;

test('alerts that a Prometheus evaluates are shown as pending and firing, with their runbook, until it stops', {
  timeout: 240_000,
}, async () => {
  let isBreakerOpen = false;
  await using service = await scrapedService('a'.repeat(32), () => isBreakerOpen);
  await using running = new AsyncDisposableStack();
  const prometheus = running.use(await startPrometheus(service.targets.metricsUrl));
  // It is not configured, but found, and must show that it scrapes the same service.
  await using shown = await startTestConsole({
    targets: service.targets,
    prometheus: { url: prometheus.url, isGiven: false },
  });
  await using browser = await launchBrowser();
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  page.setDefaultTimeout(patience);
  await page.goto(shown.pageUrl);
  await page.getByRole('link', { name: 'Alerts', exact: true }).click();
  await page.getByText(`Evaluated by the Prometheus at ${prometheus.url}.`).waitFor();
  const inactive = page.locator('.all .row', { hasText: 'CircuitBreakerOpen' });
  await inactive.locator('.alert-state.inactive').waitFor();
  // As Prometheus reports it: the rule of the project says two minutes.
  expect(await inactive.textContent()).toContain('fires after 6 s');

  isBreakerOpen = true;
  const alert = page.locator('.calling .row', { hasText: 'CircuitBreakerOpen' });
  await alert.locator('.alert-state.pending').waitFor();
  await alert.locator('.alert-state.firing').waitFor();
  expect(await alert.textContent()).toMatch(/page.*on 1 replica\(s\): since \d\d:\d\d:\d\d/);
  await page.locator('.beat.bad', { hasText: 'alert' }).waitFor();
  await alert.getByRole('link').click();
  const card = page.locator('.alert .card');
  await card.waitFor();
  expect(await card.textContent()).toMatch(/firing since \d\d:\d\d:\d\d.*value1.*breakerpayment/);
  await page.locator('.runbook').getByRole('heading', { name: 'How to rehearse it' }).waitFor();

  await running.disposeAsync();
  await page.getByRole('link', { name: 'Alerts', exact: true }).click();
  await page.getByText('Evaluated by this console').waitFor();
  await page.getByText(`No Prometheus answers at ${prometheus.url}`).waitFor();
});
