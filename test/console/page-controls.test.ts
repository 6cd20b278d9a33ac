import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/processes/browser.ts';
import { startTestConsole, type TestConsole } from '../support/processes/console.ts';

// What the page has whatever it shows: its colours, its keys and their help.

let browser: Browser;
let shown: TestConsole;
let page: Page;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  browser = stack.use(await launchBrowser());
  shown = stack.use(await startTestConsole());
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
});
afterAll(() => stack[Symbol.asyncDispose]());

test('the switch for colours wins over the system and is remembered', async () => {
  const context = await browser.newContext({ colorScheme: 'light' });
  const own = await context.newPage();
  await own.goto(shown.pageUrl);
  const background = () => own.evaluate('getComputedStyle(document.body).backgroundColor');
  await expect.poll(background).toBe('rgb(255, 255, 255)');
  const other = await context.newPage();
  await other.goto(shown.pageUrl);
  await own.getByRole('button', { name: 'Colours: system' }).click();
  await own.getByRole('button', { name: 'Colours: light' }).click();
  await expect.poll(background).toBe('rgb(16, 19, 24)');
  // It holds for every tab.
  await other.getByRole('button', { name: 'Colours: dark' }).waitFor();
  await own.reload();
  await expect.poll(background).toBe('rgb(16, 19, 24)');
  await own.getByRole('button', { name: 'Colours: dark' }).click();
  await expect.poll(background).toBe('rgb(255, 255, 255)');
  await context.close();
});

test('the chosen colours are there before the page runs any code', async () => {
  const context = await browser.newContext({ colorScheme: 'light', javaScriptEnabled: false });
  const own = await context.newPage();
  const { origin } = new URL(shown.pageUrl);
  const background = () => own.evaluate('getComputedStyle(document.body).backgroundColor');
  await own.goto(shown.pageUrl);
  await own.waitForURL(`${origin}/`);
  await expect.poll(background).toBe('rgb(255, 255, 255)');
  await context.addCookies([{ name: 'console-theme', value: 'dark', url: origin }]);
  await own.reload();
  await expect.poll(background).toBe('rgb(16, 19, 24)');
  await context.addCookies([{ name: 'console-theme', value: 'none', url: origin }]);
  await own.reload();
  await expect.poll(background).toBe('rgb(255, 255, 255)');
  await context.close();
});

test('a question mark opens the help, and escape closes it', async () => {
  await page.goto(shown.pageUrl);
  await page.locator('.plot').first().waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Help' }).waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
});

test('every view has a key that opens it', async () => {
  await page.goto(shown.pageUrl);
  await page.locator('.plot').first().waitFor();
  const links = await page.getByRole('navigation').getByRole('link').all();
  for (const link of links) {
    const key = /^Press (.)$/.exec((await link.getAttribute('title')) ?? '')?.[1] ?? '';
    await page.keyboard.press(key);
    await expect.poll(() => link.getAttribute('aria-current')).toBe('page');
  }
});

test('what a search has not found stays beside a list that asks for news each second', async () => {
  await page.goto(shown.pageUrl);
  await page.locator('.plot').first().waitFor();
  await page.getByRole('navigation').getByRole('link', { name: 'Traces' }).click();
  const found = page.waitForResponse(/\/api\/find/);
  await page.getByLabel('Find a trace').fill('f'.repeat(32));
  await page.keyboard.press('Enter');
  await found;
  for (const _ of ['the list that was asked for meanwhile', 'a later one'])
    await page.waitForResponse(/\/api\/traces/).then((answer) => answer.finished());
  await page.waitForRequest(/\/api\/traces/);
  expect(await page.locator('.notice').textContent()).toContain('The console does not have this trace');
  await page.getByRole('navigation').getByRole('link', { name: 'Logs' }).click();
  expect(await page.locator('.notice').textContent()).toBe('');
});
