import type { SpanRecord } from '../api-types.ts';

/** A span with its children, ordered by start. */
export interface SpanTree {
  span: SpanRecord;
  children: SpanTree[];
}

/** Builds the trees of a trace. A span without a known parent is a root: its parent was not sent, or has not ended. */
export function toSpanTrees(spans: readonly SpanRecord[]): SpanTree[] {
  // Start times are often exact only to the millisecond. Of equal ones, the first span to end was the first to start.
  const ordered = spans.toSorted((a, b) => a.start - b.start || a.end - b.end);
  const trees = new Map(ordered.map((span) => [span.spanId, { span, children: [] as SpanTree[] }]));
  const roots: SpanTree[] = [];
  for (const tree of trees.values()) {
    const parent = tree.span.parentId === tree.span.spanId ? undefined : trees.get(tree.span.parentId);
    (parent?.children ?? roots).push(tree);
  }
  return roots;
}
