import { request } from 'undici';
import { overHttp1 } from '../over-http1.ts';
import { isRead, readingOf } from './readings.ts';
import { readSamples } from './openmetrics.ts';
import { createSeries, type Series } from './series.ts';

export interface Scraper {
  series: Series;
  state(): 'up' | 'down' | 'unknown';
  close(): void;
}

/** Milliseconds. A later answer would belong to the next second. */
const timeout = 900;
/** Bytes. The service's own exposition has some ten thousand. */
const largestAnswer = 4_000_000;

/**
 * Scrapes the service's metrics at every full second.
 *
 * @param url read before each scrape, because it may become known later
 * @param onScrape takes the whole text of each scrape, which has more series than the overview shows; undefined if there was no answer
 */
export function startScraper(
  url: () => string | undefined,
  onScrape: (text: string | undefined, from: string, time: number) => void,
): Scraper {
  const series = createSeries();
  let state: 'up' | 'down' | 'unknown' = 'unknown';

  async function scrape(from: string, time: number): Promise<void> {
    const text = await fetchText(from).catch(() => undefined);
    if (text === undefined) {
      // The service's own log, which the console shows too, has the reason.
      series.miss(time);
      state = 'down';
    } else {
      series.take(readingOf(readSamples(text, isRead)), time);
      state = 'up';
    }
    onScrape(text, from, time);
  }

  async function tick(): Promise<void> {
    const time = Math.round(Date.now() / 1000) * 1000;
    const from = url();
    if (from !== undefined) await scrape(from, time);
    schedule();
  }

  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  function schedule(): void {
    // At least half a second: a slow scrape must not be followed by another one for the same second.
    const wait = 1000 - (Date.now() % 1000);
    if (!closed) timer = setTimeout(() => void tick(), wait < 500 ? wait + 1000 : wait);
  }
  schedule();

  return {
    series,
    state: () => state,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

async function fetchText(url: string): Promise<string> {
  const { statusCode, body } = await request(url, {
    dispatcher: overHttp1,
    signal: AbortSignal.timeout(timeout),
    headers: { accept: 'application/openmetrics-text' },
  });
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > largestAnswer) throw new RangeError('The exposition is too large.');
    chunks.push(chunk);
  }
  if (statusCode !== 200) throw new Error(`The metrics endpoint answered ${statusCode}.`);
  return Buffer.concat(chunks).toString();
}
