import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { fullJitter } from '../../../src/resilience/backoff.ts';
import type { CollectorState } from '../api-types.ts';

export type Signal = 'traces' | 'logs' | 'metrics';

/** Where to forward one signal. */
export interface Destination {
  url: string;
  headers: Readonly<Record<string, string>>;
}

interface Parcel {
  signal: Signal;
  type: string;
  encoding: string | undefined;
  body: Buffer;
}

/** Forwards telemetry unchanged to the user's Collector. Senders never wait for the Collector. */
export interface Forwarder {
  forward(parcel: Parcel): void;
  state(): CollectorState;
  /** Sends the queue. @param patience milliseconds after which the rest is dropped */
  close(patience: number): Promise<void>;
}

/** Maximum bytes in the queue; the oldest requests are dropped first. */
const largestQueue = 16_777_216;
/** Timeout of one request, in milliseconds. */
const timeout = 10_000;
const backoff = { base: 500, floor: 100, cap: 10_000 };
/** Retryable statuses. @see https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const temporary: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export function createForwarder(destinations: Partial<Record<Signal, Destination>>): Forwarder {
  // Over HTTP/2, requests that are cut off would leave a silent connection in use.
  const agent = new Agent({ connections: 2, allowH2: false });
  const ended = new AbortController();
  const queue: Parcel[] = [];
  const counts = { sent: 0, dropped: 0 };
  let waiting = 0;
  let failure: string | undefined;
  let sending: Promise<void> | undefined;

  const take = () => {
    const parcel = queue.shift();
    waiting -= parcel?.body.length ?? 0;
    return parcel;
  };
  const dropOldest = () => {
    if (take() !== undefined) counts.dropped += 1;
  };

  async function sendAll(): Promise<void> {
    for (let parcel = take(); parcel !== undefined; parcel = take()) {
      if (await send(parcel)) counts.sent += 1;
      else counts.dropped += 1;
    }
  }

  /** Retries until the request is accepted or rejected permanently, or the forwarder closes. */
  async function send({ signal, type, encoding, body }: Parcel): Promise<boolean> {
    const destination = destinations[signal];
    if (destination === undefined) return false;
    for (let retry = 1; !ended.signal.aborted; retry += 1) {
      try {
        const response = await request(destination.url, {
          method: 'POST',
          dispatcher: agent,
          headers: {
            'content-type': type,
            ...(encoding && { 'content-encoding': encoding }),
            ...destination.headers,
          },
          body,
          signal: AbortSignal.any([ended.signal, AbortSignal.timeout(timeout)]),
        });
        await response.body.dump();
        if (response.statusCode < 300) {
          failure = undefined;
          return true;
        }
        failure = `It answers ${response.statusCode}.`;
        if (!temporary.has(response.statusCode)) return false;
      } catch (error) {
        failure = error instanceof Error && 'code' in error ? String(error.code) : 'It does not answer.';
      }
      await sleep(fullJitter(retry, backoff), undefined, { signal: ended.signal }).catch(() => {});
    }
    return false;
  }

  return {
    forward(parcel) {
      if (destinations[parcel.signal] === undefined) return;
      queue.push(parcel);
      waiting += parcel.body.length;
      // The newest request counts as well, so even a single one cannot exceed the limit.
      for (let over = waiting - largestQueue; over > 0; over = waiting - largestQueue) dropOldest();
      sending ??= sendAll().finally(() => {
        sending = undefined;
      });
    },
    state: () => ({ ...counts, waiting: queue.length, ...(failure !== undefined && { failure }) }),
    async close(patience) {
      await Promise.race([sending, sleep(patience, undefined, { ref: false })]);
      ended.abort();
      await sending;
      await agent.close();
    },
  };
}
