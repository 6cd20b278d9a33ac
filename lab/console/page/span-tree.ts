import type { SpanRecord } from '../api-types.ts';

/** A span with those that happened inside of it, in the order of their beginning. */
export interface SpanTree {
  span: SpanRecord;
  children: SpanTree[];
}

/** Spans whose parent is missing are roots: it was not sent, or has yet to end. */
export function toSpanTrees(spans: readonly SpanRecord[]): SpanTree[] {
  // Starts are often no more exact than a millisecond; of those that look the same, the first to end was first.
  const ordered = spans.toSorted((a, b) => a.start - b.start || a.end - b.end);
  const trees = new Map(ordered.map((span) => [span.spanId, { span, children: [] as SpanTree[] }]));
  const roots: SpanTree[] = [];
  for (const tree of trees.values()) {
    const parent = tree.span.parentId === tree.span.spanId ? undefined : trees.get(tree.span.parentId);
    (parent?.children ?? roots).push(tree);
  }
  return roots;
}
