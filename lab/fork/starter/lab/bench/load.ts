import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'undici';
import { BenchFailure } from './shared/failure.ts';

export const apiKey = 'bench-key-that-nobody-else-has';

export interface Load {
  requests: number;
  seconds: number;
  /** Milliseconds, ascending. */
  latencies: number[];
  /** Answers that asked for a repeat, because the service was overloaded. */
  shed: number;
}

/**
 * Creates bookings in a closed loop: each connection sends its next request as soon as one is answered. Every request is
 * awaited, so that what is stored can be compared with the answers.
 *
 * @throws {BenchFailure} if a request is answered otherwise than with 201, or 429, after which it is repeated
 */
export async function createBookings(
  url: string,
  { seconds, connections, signal }: { seconds: number; connections: number; signal: AbortSignal },
): Promise<Load> {
  const latencies: number[] = [];
  let shed = 0;
  const startedAt = performance.now();
  const failed = new AbortController();
  const stop = AbortSignal.any([failed.signal, signal]);
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const client = new Client(url);
      try {
        while (performance.now() < startedAt + seconds * 1000 && !stop.aborted)
          latencies.push(await createBooking(client, () => (shed += 1)));
      } catch (error) {
        failed.abort();
        throw error;
      } finally {
        await client.close();
      }
    }),
  );
  signal.throwIfAborted();
  return {
    requests: latencies.length,
    seconds: (performance.now() - startedAt) / 1000,
    latencies: latencies.toSorted((a, b) => a - b),
    shed,
  };
}

const body = JSON.stringify({ reference: 'ref-42', quantity: 2 });
/** Milliseconds before a request that was shed is repeated. */
const pause = 50;

/** @returns its latency in milliseconds, with its repeats */
async function createBooking(client: Client, onShed: () => void): Promise<number> {
  const startedAt = performance.now();
  const headers = {
    'content-type': 'application/json',
    authorization: `Bearer ${apiKey}`,
    'idempotency-key': randomUUID(),
  };
  for (;;) {
    const response = await client.request({ method: 'POST', path: '/bookings', headers, body });
    const text = await response.body.text();
    if (response.statusCode === 201) return performance.now() - startedAt;
    if (response.statusCode !== 429)
      throw new BenchFailure(`A request was answered ${response.statusCode}: ${text}`);
    onShed();
    await delay(pause);
  }
}
