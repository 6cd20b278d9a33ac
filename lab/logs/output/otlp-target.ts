import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';
import { Pool } from 'undici';
import { type Backoff, fullJitter } from '../../../src/resilience/backoff.ts';
import type { Batch } from '../batch.ts';
import type { Counts } from '../counts.ts';
import type { Target } from './target.ts';
import { type Verdict, verdictOf } from './response.ts';

export const compressions = ['gzip', 'zstd', 'none'] as const;
export type Compression = (typeof compressions)[number];

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

/** Bytes: a compressed batch is one piece. */
const chunkSize = 64 * 1024;

/** The fastest level: a batch is sent once, on a network that is close. */
const compress: Readonly<Record<Compression, (content: Uint8Array) => Promise<Uint8Array>>> = {
  gzip: (content) => promisify(gzip)(content, { level: 1, chunkSize }),
  zstd: (content) =>
    promisify(zstdCompress)(content, { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize }),
  none: async (content) => content,
};

/**
 * Sends batches over OTLP/HTTP in protobuf.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export function createOtlpTarget(options: OtlpTargetOptions): Target {
  const { url, compression, authorization, timeout, connections, backoff, counts, say } = options;
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, {
    connections,
    allowH2: false,
    headersTimeout: timeout,
    bodyTimeout: timeout,
    connect: { timeout },
  });
  const path = `${pathname.replace(/\/$/, '')}/v1/logs`;
  const headers = {
    'content-type': 'application/x-protobuf',
    ...(compression !== 'none' && { 'content-encoding': compression }),
    ...(authorization !== undefined && { authorization }),
  };
  /** Why it does not accept, as it was told. */
  let trouble: string | undefined;

  async function attempt(body: Uint8Array, signal: AbortSignal): Promise<Verdict> {
    try {
      const response = await pool.request({ path, method: 'POST', headers, body, signal });
      const answer = Buffer.from(await response.body.arrayBuffer());
      const retryAfter = response.headers['retry-after'];
      return verdictOf(response.statusCode, typeof retryAfter === 'string' ? retryAfter : undefined, answer);
    } catch (error) {
      signal.throwIfAborted();
      return { kind: 'again', reason: reasonOfFailure(error), retryAfter: 0 };
    }
  }

  function tell(reason: string | undefined): void {
    if (reason !== undefined && trouble === undefined)
      say(`${url} does not accept: ${reason}. Reading waits, and nothing is lost.`);
    else if (reason === undefined && trouble !== undefined) say(`${url} accepts again.`);
    trouble = reason;
  }

  return {
    name: url,
    async send({ request, lines }: Batch, signal) {
      const body = await compress[compression](request);
      for (let number = 1; ; number += 1) {
        const verdict = await attempt(body, signal);
        if (verdict.kind !== 'again') {
          tell(undefined);
          if (verdict.kind === 'accepted') return;
          const rejected = verdict.kind === 'partial' ? verdict.rejected : lines;
          counts.rejected += rejected;
          say(`${url} refuses ${rejected} of ${lines} lines: ${verdict.reason}.`);
          return;
        }
        tell(verdict.reason);
        counts.retries += 1;
        await sleep(Math.max(verdict.retryAfter, fullJitter(number, backoff)), undefined, { signal });
      }
    },
    close: () => pool.destroy(),
  };
}

function reasonOfFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'the host name is unknown',
    ECONNRESET: 'the connection was reset',
    UND_ERR_SOCKET: 'the connection was closed',
    UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
    UND_ERR_BODY_TIMEOUT: 'no answer in time',
    UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  };
  return known[code] ?? (error instanceof Error ? error.message : String(error));
}
