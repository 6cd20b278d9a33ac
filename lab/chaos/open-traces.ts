import { randomBytes } from 'node:crypto';
import { repeat } from './recurring.ts';

/** Milliseconds between two requests. */
const interval = 100;

/**
 * A program that sends the Collector spans of traces whose root never comes, as behind a caller that loses its own. Each stays
 * open for as long as tail sampling waits.
 *
 * @returns what ends it
 */
export function sendOpenTraces(collectorUrl: string, perSecond: number): Promise<() => Promise<void>> {
  return repeat(interval / 1000, async (signal) => {
    const response = await fetch(`${collectorUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(spans(Math.round((perSecond * interval) / 1000))),
      signal,
    });
    await response.arrayBuffer();
  });
}

function spans(count: number): object {
  const now = BigInt(Date.now()) * 1_000_000n;
  return {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'stray' } }] },
        scopeSpans: [
          {
            spans: Array.from({ length: count }, () => ({
              traceId: randomBytes(16).toString('hex'),
              spanId: randomBytes(8).toString('hex'),
              parentSpanId: randomBytes(8).toString('hex'),
              name: 'stray',
              kind: 1,
              startTimeUnixNano: String(now - 1_000_000n),
              endTimeUnixNano: String(now),
            })),
          },
        ],
      },
    ],
  };
}
