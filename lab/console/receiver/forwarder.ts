import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { fullJitter } from '../../../src/resilience/backoff.ts';
import { millisecondsOfRetryAfter } from '../../../src/resilience/retry-after.ts';
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

/** The requests of one signal: an outage of its destination must not hold those of the others. */
interface Lane {
  destination: Destination;
  queue: Parcel[];
  /** Bytes in the queue. */
  waiting: number;
  failure?: string | undefined;
  sending?: Promise<void> | undefined;
}

/** Maximum bytes in all queues; the oldest requests of the fullest queue are dropped first. */
const largestQueue = 16_777_216;
/** Longest wait that a destination can ask for, in milliseconds. */
const longestWait = 600_000;
const backoff = { base: 500, floor: 100, cap: 10_000 };
/** Retryable statuses. @see https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const temporary: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** @param timeout of one request, in milliseconds */
export function createForwarder(
  destinations: Partial<Record<Signal, Destination>>,
  timeout = 10_000,
): Forwarder {
  // Over HTTP/2, requests that are cut off would leave a silent connection in use. Each signal can hold one connection.
  const agent = new Agent({ connections: 3, allowH2: false });
  const ended = new AbortController();
  const counts = { sent: 0, dropped: 0 };
  const lanes = new Map(
    Object.entries(destinations).map(([signal, destination]): [string, Lane] => [
      signal,
      { destination, queue: [], waiting: 0 },
    ]),
  );
  const all = () => [...lanes.values()];
  const total = (of: (lane: Lane) => number) => all().reduce((sum, lane) => sum + of(lane), 0);

  const take = (lane: Lane) => {
    const parcel = lane.queue.shift();
    lane.waiting -= parcel?.body.length ?? 0;
    return parcel;
  };
  const dropOldest = () => {
    const fullest = all().reduce((most, lane) => (lane.waiting > most.waiting ? lane : most));
    if (take(fullest) !== undefined) counts.dropped += 1;
  };

  async function sendAll(lane: Lane): Promise<void> {
    for (let parcel = take(lane); parcel !== undefined; parcel = take(lane)) {
      if (await send(parcel, lane)) counts.sent += 1;
      else counts.dropped += 1;
    }
    // In the same turn in which the queue was found empty: what arrives next begins to send again.
    lane.sending = undefined;
  }

  /** Retries until the request is accepted or rejected permanently, or the forwarder closes. */
  async function send({ type, encoding, body }: Parcel, lane: Lane): Promise<boolean> {
    const { url, headers } = lane.destination;
    for (let retry = 1; !ended.signal.aborted; retry += 1) {
      let asked = 0;
      try {
        const response = await request(url, {
          method: 'POST',
          dispatcher: agent,
          headers: { 'content-type': type, ...(encoding && { 'content-encoding': encoding }), ...headers },
          body,
          signal: AbortSignal.any([ended.signal, AbortSignal.timeout(timeout)]),
        });
        await response.body.dump();
        if (response.statusCode < 300) {
          lane.failure = undefined;
          return true;
        }
        lane.failure = `It answers ${response.statusCode}.`;
        if (!temporary.has(response.statusCode)) return false;
        const header = String(response.headers['retry-after'] ?? '');
        asked = Math.min(millisecondsOfRetryAfter(header, Date.now()) ?? 0, longestWait);
      } catch (error) {
        lane.failure = failureOf(error);
      }
      const wait = Math.max(asked, fullJitter(retry, backoff));
      await sleep(wait, undefined, { signal: ended.signal }).catch(() => {});
    }
    return false;
  }

  const sending = () => Promise.all(all().flatMap((lane) => lane.sending ?? []));

  return {
    forward(parcel) {
      const lane = lanes.get(parcel.signal);
      if (lane === undefined) return;
      lane.queue.push(parcel);
      lane.waiting += parcel.body.length;
      // The newest request counts as well, so even a single one cannot exceed the limit.
      while (total(({ waiting }) => waiting) > largestQueue) dropOldest();
      // A request over the limit has been dropped already.
      if (lane.queue.length > 0) lane.sending ??= sendAll(lane);
    },
    state() {
      const failure = all().find((lane) => lane.failure !== undefined)?.failure;
      return {
        ...counts,
        waiting: total(({ queue }) => queue.length),
        ...(failure !== undefined && { failure }),
      };
    },
    async close(patience) {
      await Promise.race([sending(), sleep(patience, undefined, { ref: false })]);
      ended.abort();
      await sending();
      await agent.close();
    },
  };
}

function failureOf(error: unknown): string {
  // The code of an exception of the DOM is a number.
  const isCoded = error instanceof Error && 'code' in error && typeof error.code === 'string';
  return isCoded ? String(error.code) : 'It does not answer.';
}
