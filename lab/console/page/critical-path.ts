import type { SpanTree } from './span-tree.ts';

/** A part of a span that the whole had to wait for. Milliseconds since 1970. */
export interface CriticalPart {
  spanId: string;
  from: number;
  to: number;
}

/**
 * What a trace took its time for: walks from its end to its beginning, always along the span that ended last before.
 * Making anything else faster would not make the whole faster. The last part comes first.
 *
 * @param from what lies before is not looked at, nor what lies after `to`
 * @see https://www.usenix.org/conference/atc22/presentation/zhang-zhizhou (CRISP, of Uber)
 */
export function criticalPath({ span, children }: SpanTree, from = span.start, to = span.end): CriticalPart[] {
  const first = Math.max(span.start, from);
  const last = Math.min(span.end, to);
  const parts: CriticalPart[] = [];
  let at = last;
  for (const child of children.toSorted((a, b) => b.span.end - a.span.end)) {
    const start = Math.max(child.span.start, first);
    // What goes on after its parent has ended is not waited for.
    const ended = Math.min(child.span.end, last);
    const end = Math.min(ended, at);
    // Ran beside one that ended later.
    if (end <= start || ended > at + tolerance) continue;
    if (end < at) parts.push({ spanId: span.spanId, from: end, to: at });
    parts.push(...criticalPath(child, start, end));
    at = start;
  }
  if (first < at) parts.push({ spanId: span.spanId, from: first, to: at });
  return parts;
}

/** Milliseconds: clocks of two processes, and the time of a number, are no more exact than that. */
const tolerance = 0.5;
