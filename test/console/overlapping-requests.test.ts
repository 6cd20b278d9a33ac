import type { Route } from 'playwright-core';
import { expect, test } from 'vitest';
import { launchBrowser } from '../support/processes/browser.ts';
import { startTestConsole } from '../support/processes/console.ts';

test('each log line is shown once, although two requests for them overlap', async () => {
  await using browser = await launchBrowser();
  await using shown = await startTestConsole();
  await shown.sendLogs(...['line 0', 'line 1'].map((stringValue) => ({ body: { stringValue } })));
  const page = await browser.newPage();
  await page.goto(shown.pageUrl);
  await page.locator('.plot').first().waitFor();
  await page.getByRole('navigation').getByRole('link', { name: 'Logs' }).click();
  const lines = () => page.locator('.logs .row .name').allTextContents();
  await expect.poll(lines).toHaveLength(2);

  const filtered = /\/api\/logs\?.*text=line/;
  const held: Route[] = [];
  await page.route(filtered, (route) => void held.push(route));
  await page.getByLabel('Text', { exact: true }).fill('line');
  // The filter's own request, and that of the next second.
  await expect.poll(() => held.length, { timeout: 5000 }).toBe(2);
  // The list no longer follows its end, so it takes both answers before it shows them.
  const list = page.locator('.rows.logs');
  await list.focus();
  await list.dispatchEvent('click');
  const answers = held.map((route) => page.waitForResponse((each) => each.request() === route.request()));
  for (const route of held) await route.continue();
  await page.unroute(filtered);
  await Promise.all(answers);
  // The next second asks once both answers are taken.
  await page.waitForRequest(filtered);
  await page.keyboard.press('Escape');
  await expect.poll(lines).not.toEqual([]);
  expect((await lines()).toSorted()).toEqual(['line 0', 'line 1']);
});
