import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { apiKey } from './world.ts';

/** One request and how it was answered. */
export interface Reply {
  key: string;
  /** Milliseconds of `performance.now()`. */
  sentAt: number;
  duration: number;
  /** undefined without an answer. */
  status: number | undefined;
  /** Of the booking; undefined if the answer names none. */
  id: string | undefined;
}

export interface Callers {
  replies: readonly Reply[];
  /** Sends no new bookings, and waits until every booking is decided. @returns the keys that are not */
  finish(seconds: number): Promise<string[]>;
}

/** Milliseconds before a request is repeated; a booking that is accepted as pending is decided later. */
const pause = { refused: 250, pending: 2000 };

/**
 * Callers who follow the documentation: one idempotency key per booking, and the same request again until it is decided.
 *
 * @param rate bookings a second, whether or not earlier ones are answered
 */
export function startCallers(url: string, rate: number, signal: AbortSignal): Callers {
  const replies: Reply[] = [];
  const undecided = new Set<string>();
  const ended = new AbortController();
  const stop = AbortSignal.any([ended.signal, signal]);

  async function create(key: string): Promise<void> {
    undecided.add(key);
    while (!stop.aborted) {
      const reply = await send(url, key);
      replies.push(reply);
      if (reply.status === 201 || reply.status === 422) {
        undecided.delete(key);
        return;
      }
      await delay(reply.status === 202 ? pause.pending : pause.refused);
    }
  }

  const timer = setInterval(() => void create(randomUUID()), 1000 / rate);
  stop.addEventListener('abort', () => clearInterval(timer));
  return {
    replies,
    async finish(seconds) {
      clearInterval(timer);
      const giveUpAt = performance.now() + seconds * 1000;
      while (undecided.size > 0 && performance.now() < giveUpAt) await delay(50, undefined, { signal });
      ended.abort();
      return [...undecided];
    },
  };
}

async function send(url: string, key: string): Promise<Reply> {
  const sentAt = performance.now();
  const lost = () => ({
    key,
    sentAt,
    duration: performance.now() - sentAt,
    status: undefined,
    id: undefined,
  });
  try {
    const response = await fetch(`${url}/bookings`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${apiKey}`,
        'idempotency-key': key,
      },
      body: JSON.stringify({ reference: 'ref-42', quantity: 2 }),
      signal: AbortSignal.timeout(30_000),
    });
    const { id } = (await response.json()) as { id?: string };
    return { ...lost(), status: response.status, id };
  } catch {
    return lost();
  }
}
