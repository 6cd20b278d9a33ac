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
  const parents = parentsOf(ordered);
  const roots: SpanTree[] = [];
  for (const tree of trees.values()) {
    const parent = trees.get(parents.get(tree.span.spanId) ?? '');
    (parent?.children ?? roots).push(tree);
  }
  return roots;
}

/** The tree that names the trace: of a span without a parent, however early the clocks of others say that they began. */
export function mainTree(trees: readonly SpanTree[]): SpanTree | undefined {
  return trees.find(({ span }) => span.parentId === '') ?? trees[0];
}

/** Of spans in a circle, the first has no parent: otherwise none of them would be in a tree. */
function parentsOf(ordered: readonly SpanRecord[]): Map<string, string> {
  const parents = new Map<string, string>();
  const leadsTo = (id: string, from: string): boolean => {
    for (let at: string | undefined = from; at !== undefined; at = parents.get(at))
      if (at === id) return true;
    return false;
  };
  for (const { spanId, parentId } of ordered.toReversed())
    if (!leadsTo(spanId, parentId)) parents.set(spanId, parentId);
  return parents;
}
