import type { IncomingHttpHeaders } from 'node:http';
import { scrub } from '../../privacy/scrub.ts';

/**
 * Removes each member of the `tracestate` header that holds a secret: the service would propagate and export it
 * unchanged. The trace continues with the others, as the specification allows.
 *
 * @see https://www.w3.org/TR/trace-context/#mutating-the-tracestate-field
 */
export function dropSecretTraceState(headers: IncomingHttpHeaders): void {
  const state = headers['tracestate'];
  if (state === undefined) return;
  const text = String(state);
  if (scrub(text) === text) return;
  const clean = text.split(',').filter((member) => scrub(member) === member);
  if (clean.length > 0) headers['tracestate'] = clean.join(',');
  else delete headers['tracestate'];
}
