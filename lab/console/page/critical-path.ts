import type { SpanTree } from './span-tree.ts';

/** A part of a span that delayed the whole trace. Times are milliseconds since 1970. */
export interface CriticalPart {
  spanId: string;
  from: number;
  to: number;
}

/**
 * The critical path of a trace: walks from its end to its start, always along the span that ended last before the
 * current time. Speeding up anything else does not speed up the whole. The last part comes first.
 *
 * @param from start of the period to examine; `to` is its end
 * @see https://www.usenix.org/conference/atc22/presentation/zhang-zhizhou (CRISP, of Uber)
 */
export function criticalPath({ span, children }: SpanTree, from = span.start, to = span.end): CriticalPart[] {
  const first = Math.max(span.start, from);
  const last = Math.min(span.end, to);
  const parts: CriticalPart[] = [];
  let at = last;
  for (const child of children.toSorted((a, b) => b.span.end - a.span.end)) {
    const start = Math.max(child.span.start, first);
    // A parent does not wait for a child that outlives it.
    const ended = Math.min(child.span.end, last);
    const end = Math.min(ended, at);
    // This child ran in parallel with one that ended later.
    if (end <= start || ended > at + tolerance) continue;
    if (end < at) parts.push({ spanId: span.spanId, from: end, to: at });
    parts.push(...criticalPath(child, start, end));
    at = start;
  }
  if (first < at) parts.push({ spanId: span.spanId, from: first, to: at });
  return parts;
}

/** Milliseconds. The clocks of two processes and a timestamp as a double are no more exact. */
const tolerance = 0.5;
