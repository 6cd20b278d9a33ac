import { randomBytes } from 'node:crypto';

/**
 * The header of a request by which the console itself looks something up: it asks the callee to record no trace, because nobody
 * searches for the console's own looks among the requests of clients.
 *
 * @see https://www.w3.org/TR/trace-context/#sampled-flag
 */
export const untraced = (): { traceparent: string } => ({
  traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`,
});
