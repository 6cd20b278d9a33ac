import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, CDPSession } from 'playwright-core';
import type { Exemplar, Overview } from '../../console/api-types.ts';
import { BenchFailure } from '../shared/failure.ts';

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

/** Seconds of data in the plots, which no benchmark waits for. */
const shownSeconds = 900;
/** Dots per second in the latency plot. */
const dots = 3;

const past = (exemplar: Exemplar, traceId: string, time: number): Exemplar => ({
  ...exemplar,
  traceId,
  time,
});

/** What the console answers after 15 minutes: its first seconds again and again, before themselves. */
async function longAnswer(context: BrowserContext, pageUrl: string): Promise<string> {
  const response = await context.request.get(new URL('/api/overview?after=0', pageUrl).href);
  const answer = (await response.json()) as Overview;
  const [first] = answer.times;
  if (first === undefined) throw new BenchFailure('The console has no data to show.');
  const earlier = Array.from({ length: shownSeconds }, (_, index) => index - shownSeconds);
  const repeated = (values: ReadonlyArray<number | null>) =>
    earlier.map((index) => values.at(index % values.length) ?? null);
  const timeOf = (index: number) => first + 1000 * index;
  return JSON.stringify({
    ...answer,
    times: [...earlier.map(timeOf), ...answer.times],
    columns: Object.fromEntries(
      Object.entries(answer.columns).map(([name, values]) => [name, [...repeated(values), ...values]]),
    ),
    exemplars: earlier.flatMap((index) =>
      answer.exemplars
        .slice(0, dots)
        .map((exemplar, at) => past(exemplar, `past${index}-${at}`, timeOf(index))),
    ),
  });
}

/**
 * Runs before the page's own code, and replaces its first answer by a long one. A value below a plot is the sign that the plot has data;
 * the second frame after it begins when the first one is painted.
 */
const preparation = (answer: string) => `
  const read = Response.prototype.json;
  const long = ${JSON.stringify(answer)};
  let isFirst = true;
  Response.prototype.json = async function () {
    const answer = await read.call(this);
    if (!isFirst || !this.url.includes('/api/overview')) return answer;
    isFirst = false;
    return { ...JSON.parse(long), now: answer.now };
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
  await page.addInitScript(preparation(await longAnswer(context, pageUrl)));
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
