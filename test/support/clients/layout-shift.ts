import type { Page } from 'playwright-core';

/**
 * Adds up layout shifts that no input caused, in windows of up to five seconds without a second of rest; the worst window counts.
 *
 * @see https://web.dev/articles/cls
 */
export async function watchLayout(page: Page): Promise<void> {
  await page.addInitScript(`
    globalThis.shift = 0;
    globalThis.shifted = [];
    let sum = 0, first = 0, last = -Infinity;
    const nameOf = ({ node }) => node ? node.nodeName + '.' + (node.className ?? '') : 'a node that is gone';
    new PerformanceObserver((list) => {
      for (const { hadRecentInput, startTime, value, sources } of list.getEntries()) {
        if (hadRecentInput) continue;
        if (startTime - last > 1000 || startTime - first > 5000) [sum, first] = [0, startTime];
        sum += value;
        last = startTime;
        globalThis.shift = Math.max(globalThis.shift, sum);
        globalThis.shifted.push(value.toFixed(4) + ' ' + sources.map(nameOf).join(' '));
      }
    }).observe({ type: 'layout-shift', buffered: true });
  `);
}

export async function layoutShift(page: Page): Promise<number> {
  return Number(await page.evaluate('globalThis.shift'));
}

/** What has moved, for the message of a failed test. */
export async function shiftedNodes(page: Page): Promise<readonly string[]> {
  return page.evaluate<string[]>('globalThis.shifted');
}
