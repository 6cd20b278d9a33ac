import { millisecondsOfRetryAfter } from '../../../src/resilience/retry-after.ts';
import { needsTls } from './failure.ts';
import type { Answer } from './post.ts';
import { decode, integer, message, one, text } from '../../console/otlp/protobuf.ts';

/** What a receiver said to a batch. */
export type Verdict =
  | { kind: 'accepted' }
  /** It took the batch but for some records. */
  | { kind: 'partial'; rejected: number; reason: string }
  /** It will never take this batch, be it for its size alone. */
  | { kind: 'rejected'; reason: string; isTooLarge: boolean }
  /** `retryAfter` in milliseconds. */
  | { kind: 'again'; reason: string; retryAfter: number };

const exportResponse = message({
  partialSuccess: one(1, message({ rejected: one(1, integer), reason: one(2, text) })),
});

/**
 * Statuses that say something about the batch itself, so that sending it again cannot help.
 *
 * The specification calls most other statuses final, too, and has a client drop the batch. A wrong key or a wrong path says
 * nothing about the records, and they are still in their file: reading waits until the receiver is mended.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#failures-1
 */
const aboutTheBatch = new Set([400, 413, 415, 422]);

export function verdictOf({ status, retryAfter, body }: Answer): Verdict {
  if (status >= 200 && status < 300) return verdictOfSuccess(body);
  // Receivers in Go and nginx say so with status 400, which would be about the batch.
  if (status === 400 && /\bHTTP request .*\bHTTPS (?:server|port)\b/.test(body.toString('latin1')))
    return { kind: 'again', reason: needsTls, retryAfter: 0 };
  const reason = `status ${status}`;
  if (aboutTheBatch.has(status)) return { kind: 'rejected', reason, isTooLarge: status === 413 };
  return { kind: 'again', reason, retryAfter: millisecondsOf(retryAfter) };
}

function verdictOfSuccess(body: Buffer): Verdict {
  try {
    const { rejected, reason } = decode(exportResponse, body).partialSuccess;
    if (rejected > 0) return { kind: 'partial', rejected, reason: reason.slice(0, longestReason) };
  } catch {
    // The status counts: some receivers answer with another content type.
  }
  return { kind: 'accepted' };
}

/** Characters of what a receiver says. */
const longestReason = 200;
/** Longest wait that a receiver can ask for, in milliseconds. */
const longestWait = 600_000;

function millisecondsOf(retryAfter: string | undefined): number {
  const wait = retryAfter === undefined ? undefined : millisecondsOfRetryAfter(retryAfter, Date.now());
  return Math.min(wait ?? 0, longestWait);
}
