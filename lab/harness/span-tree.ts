import type { AttributeValue, ReceivedSpan } from '../console/otlp/messages.ts';

/** A span with its children, ordered by start. */
export interface SpanTree {
  span: ReceivedSpan;
  children: SpanTree[];
}

/** Builds the trees of a trace. A span whose parent is missing is a root: the parent may be in another service. */
export function toSpanTrees(spans: readonly ReceivedSpan[]): SpanTree[] {
  const inOrder = spans.toSorted((a, b) => Number(a.startTime - b.startTime));
  const trees = new Map(inOrder.map((span) => [span.spanId, { span, children: [] as SpanTree[] }]));
  const roots: SpanTree[] = [];
  for (const tree of trees.values()) {
    const siblings = trees.get(tree.span.parentSpanId)?.children ?? roots;
    siblings.push(tree);
  }
  return roots;
}

/**
 * A trace as text, for readable expectations: `name [KIND] STATUS {attribute=value}`, one span per line, with children
 * indented. An unset status and missing attributes are omitted.
 *
 * @param attributes names of the attributes to show, in this order
 */
export function printSpanTrees(trees: readonly SpanTree[], attributes: readonly string[] = []): string {
  return trees.flatMap((tree) => linesOf(tree, attributes)).join('\n');
}

function linesOf({ span, children }: SpanTree, attributes: readonly string[]): string[] {
  const shown = attributes
    .filter((name) => span.attributes[name] !== undefined)
    .map((name) => `${name}=${print(span.attributes[name])}`);
  const line = [
    `${span.name} [${span.kind}]`,
    ...(span.status.code === 'UNSET' ? [] : [span.status.code]),
    ...(shown.length === 0 ? [] : [`{${shown.join(', ')}}`]),
  ].join(' ');
  const below = children.flatMap((child) => linesOf(child, attributes));
  return [line, ...below.map((each) => `  ${each}`)];
}

function print(value: AttributeValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
