import { setTimeout as sleep } from 'node:timers/promises';
import { type Backoff, fullJitter } from '../../../src/resilience/backoff.ts';
import type { Counts } from '../counts.ts';
import { type Compression, compressors } from './compression.ts';
import { halvesOf, type LogRequest } from '../otlp/halves.ts';
import { createPoster } from './post.ts';
import type { Target } from './target.ts';
import { type Verdict, verdictOf } from './response.ts';
import { createTrouble } from '../trouble.ts';
import { reasonOfFailure } from './failure.ts';

export interface OtlpTargetOptions {
  /** Base URL; `/v1/logs` is appended. */
  url: string;
  compression: Compression;
  /** Value of the header `authorization`. */
  authorization: string | undefined;
  /** Milliseconds until an attempt is given up. */
  timeout: number;
  connections: number;
  backoff: Backoff;
  counts: Counts;
  say(sentence: string): void;
}

/** Milliseconds between two sentences about refused lines. */
const refusalInterval = 10_000;

/**
 * Sends batches over OTLP/HTTP in protobuf.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export function createOtlpTarget(options: OtlpTargetOptions): Target {
  const { url, compression, authorization, timeout, connections, backoff, counts, say } = options;
  const poster = createPoster(new URL(`${url.replace(/\/$/, '')}/v1/logs`), {
    headers: {
      'content-type': 'application/x-protobuf',
      ...(compression !== 'none' && { 'content-encoding': compression }),
      ...(authorization !== undefined && { authorization }),
    },
    connections,
    timeout,
    repeated: () => void (counts.retries += 1),
  });
  const compress = compressors[compression]();
  const tell = createTrouble({
    say,
    began: (reason) => `${url} does not accept: ${reason}. Reading waits, and nothing is lost.`,
    ended: `${url} accepts again.`,
  });
  let toldRefusalAt = Number.NEGATIVE_INFINITY;
  let untold = 0;
  let answered = false;

  async function attempt(body: Uint8Array, signal: AbortSignal): Promise<Verdict> {
    try {
      const answer = await (await poster).post(body, signal);
      answered = true;
      return verdictOf(answer);
    } catch (error) {
      signal.throwIfAborted();
      return { kind: 'again', reason: reasonOfFailure(error, answered), retryAfter: 0 };
    }
  }

  function tellRefusal(rejected: number, lines: number, reason: string): void {
    counts.rejected += rejected;
    if (performance.now() - toldRefusalAt < refusalInterval) {
      untold += rejected;
      return;
    }
    const others = untold === 0 ? '' : ` It has refused ${untold} others since this was last said.`;
    say(`${url} refuses ${rejected} of ${lines} lines: ${reason}.${others}`);
    [toldRefusalAt, untold] = [performance.now(), 0];
  }

  /** A part that the receiver calls too large goes in halves, so that one long line takes no other with it. */
  async function sendPart(part: LogRequest, signal: AbortSignal): Promise<void> {
    const body = await compress(part.request);
    for (let number = 1; ; number += 1) {
      const verdict = await attempt(body, signal);
      if (verdict.kind !== 'again') tell(undefined);
      switch (verdict.kind) {
        case 'accepted':
          return;
        case 'partial':
          tellRefusal(Math.min(verdict.rejected, part.lines), part.lines, verdict.reason);
          return;
        case 'rejected': {
          const halves = verdict.isTooLarge ? halvesOf(part) : undefined;
          if (halves === undefined) tellRefusal(part.lines, part.lines, verdict.reason);
          else for (const half of halves) await sendPart(half, signal);
          return;
        }
        case 'again': {
          tell(verdict.reason);
          counts.retries += 1;
          const wait = Math.max(verdict.retryAfter, fullJitter(number, backoff));
          await sleep(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
        }
      }
    }
  }

  return {
    name: url,
    send: sendPart,
    close: async () => (await poster).close(),
  };
}
