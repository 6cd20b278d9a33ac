import type { Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { startTestConsole, type TestConsole } from './console.ts';

/** A console of its own, shown in a page that has its first plot. */
export async function openTestConsole(): Promise<{ shown: TestConsole; page: Page } & AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  const browser = started.use(await launchBrowser());
  const shown = started.use(await startTestConsole());
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(shown.pageUrl);
  await page.locator('.plot').first().waitFor();
  const owned = started.move();
  return { shown, page, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
