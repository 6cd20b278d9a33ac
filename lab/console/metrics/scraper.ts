import { request } from 'undici';
import { isRead, readingOf } from './readings.ts';
import { readSamples } from './openmetrics.ts';
import { createSeries, type Series } from './series.ts';

export interface Scraper {
  series: Series;
  state(): 'up' | 'down' | 'unknown';
  close(): void;
}

/** Milliseconds; an answer that comes later belongs to another second. */
const timeout = 900;
/** Bytes. The service's own exposition has some ten thousand. */
const largestAnswer = 4_000_000;

/**
 * Reads the metrics of the service at every full second.
 *
 * @param url asked for at each reading, for it may be told later
 */
export function startScraper(url: () => string | undefined): Scraper {
  const series = createSeries();
  let state: 'up' | 'down' | 'unknown' = 'unknown';

  async function scrape(from: string, time: number): Promise<void> {
    try {
      series.take(readingOf(readSamples(await fetchText(from), isRead)), time);
      state = 'up';
    } catch {
      // Why is for the service to say: its log is in here as well.
      series.miss(time);
      state = 'down';
    }
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
    // Half a second at least: a reading that took long must not be followed by one for the same second.
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
  if (statusCode !== 200) throw new Error(`The metrics were answered with ${statusCode}.`);
  return Buffer.concat(chunks).toString();
}
