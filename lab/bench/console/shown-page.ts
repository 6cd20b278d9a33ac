import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, CDPSession } from 'playwright-core';

/** What a user of the overview notices. */
export interface PageFigures {
  /** Milliseconds from the navigation until the first plot with data is painted. */
  firstView: number;
  /** Frames per second. */
  frames: number;
  /** Share of its time that the main thread is busy. */
  busy: number;
}

/** Seconds until the page has settled, and then that frames are counted. */
const settling = 1;
const counted = 3;

/**
 * Runs before the page's own code. The first answer gets 15 minutes of earlier seconds, which no benchmark waits for. A value below a
 * plot is the sign that the plot has data; the second frame after it begins when the first one is painted.
 */
const preparation = `
  const read = Response.prototype.json;
  let isFirst = true;
  Response.prototype.json = async function () {
    if (!isFirst || !this.url.includes('/api/overview')) return read.call(this);
    const answer = await read.call(this);
    if (answer.times.length === 0) return answer;
    isFirst = false;
    const [length, first] = [900, answer.times[0]];
    const earlier = Array.from({ length }, (_, index) => index - length);
    const repeated = (values) => earlier.map((index) => values.at(index % values.length));
    for (const [name, values] of Object.entries(answer.columns))
      answer.columns[name] = [...repeated(values), ...values];
    answer.times = [...earlier.map((index) => first + 1000 * index), ...answer.times];
    answer.exemplars = earlier.flatMap((index) => answer.exemplars.slice(0, 3).map((each, at) =>
      ({ ...each, traceId: 'past' + index + '-' + at, time: first + 1000 * index })));
    // What the console answers after 15 minutes is as long as this, and is parsed as well.
    return JSON.parse(JSON.stringify(answer));
  };
  const view = Promise.withResolvers();
  globalThis.firstView = view.promise;
  const watch = new MutationObserver(() => {
    const value = document.querySelector('.plot .value')?.textContent;
    if (!value || value === '–') return;
    watch.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => view.resolve(performance.now())));
  });
  watch.observe(document, { subtree: true, childList: true, characterData: true });
`;

const countFrames = `new Promise((resolve) => {
  const end = performance.now() + 1000 * ${counted};
  let frames = 0;
  const next = (now) => {
    if (now > end) resolve(frames / ${counted});
    else {
      frames += 1;
      requestAnimationFrame(next);
    }
  };
  requestAnimationFrame(next);
})`;

/**
 * Opens the overview anew, and measures it.
 *
 * @param pageUrl with the token
 */
export async function measurePage(browser: Browser, pageUrl: string): Promise<PageFigures> {
  await using context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  // The user has opened the console before: there is a cookie, and what a browser keeps of the page.
  await page.goto(pageUrl);
  await page.locator('.plot').first().waitFor();
  await page.goto('about:blank');
  await page.addInitScript(preparation);
  await page.goto(new URL('/', pageUrl).href);
  const firstView = Number(await page.evaluate('globalThis.firstView'));

  await sleep(1000 * settling);
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable');
  const before = await timesOf(session);
  const frames = Number(await page.evaluate(countFrames));
  const after = await timesOf(session);
  return { firstView, frames, busy: (after.busy - before.busy) / (after.now - before.now) };
}

/** In seconds. @see https://chromedevtools.github.io/devtools-protocol/tot/Performance/#method-getMetrics */
async function timesOf(session: CDPSession): Promise<{ now: number; busy: number }> {
  const { metrics } = await session.send('Performance.getMetrics');
  const value = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
  return { now: value('Timestamp'), busy: value('TaskDuration') };
}
