import { expect, test } from 'vitest';
import { launchBrowser } from '../support/processes/browser.ts';
import { otlpSpan, startTestConsole } from '../support/processes/console.ts';

test('lists that stay open while the console is restarted have what the new one keeps', async () => {
  await using browser = await launchBrowser();
  const before = await startTestConsole();
  const context = await browser.newContext();
  const pages = { traces: await context.newPage(), logs: await context.newPage() };
  for (const each of ['first', 'second', 'third']) {
    await before.sendSpans(otlpSpan({ name: `${each} of before` }));
    await before.sendLogs({ body: { stringValue: `${each} of before` } });
  }
  await pages.traces.goto(before.pageUrl);
  await pages.traces.locator('.plot').first().waitFor();
  const shown = (view: keyof typeof pages) => pages[view].locator(`.${view} .row .name`).allTextContents();
  for (const view of ['traces', 'logs'] as const) {
    await pages[view].goto(`${before.url}/${view}`);
    await expect.poll(() => shown(view)).toHaveLength(3);
  }

  await before[Symbol.asyncDispose]();
  await using after = await startTestConsole({ port: Number(new URL(before.url).port) });
  await after.sendSpans(otlpSpan({ name: 'of after' }));
  await after.sendLogs({ body: { stringValue: 'of after' } });
  const opened = await context.newPage();
  await opened.goto(after.pageUrl);

  const soon = { timeout: 10_000 };
  await expect.poll(() => shown('traces'), soon).toEqual(['of after']);
  await expect.poll(() => shown('logs'), soon).toEqual(['of after']);
});
