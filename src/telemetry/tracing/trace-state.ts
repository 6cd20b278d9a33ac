import type { IncomingHttpHeaders } from 'node:http';
import { scrub } from '../../privacy/scrub.ts';

/**
 * Takes a trace state out of the headers that holds what must not be told: it would be passed on and exported as it
 * came. The trace goes on without it, which is left to whoever receives it.
 *
 * @see https://www.w3.org/TR/trace-context/#mutating-the-tracestate-field
 */
export function dropTellingTraceState(headers: IncomingHttpHeaders): void {
  const state = headers['tracestate'];
  if (state === undefined) return;
  const text = String(state);
  if (scrub(text) !== text) delete headers['tracestate'];
}
