import type { AttributeValue, ReceivedSpan } from '../console/otlp/messages.ts';

/** A span and what happened inside of it, in the order of its beginning. */
export interface SpanTree {
  span: ReceivedSpan;
  children: SpanTree[];
}

/** Spans whose parent is not among them become roots: it may be in another service. */
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
 * A trace as text, for expectations that read like what they expect: `name [KIND] STATUS {attribute=value}`, one span
 * a line, children indented. A status that was not set is left out, and so are attributes that a span does not have.
 *
 * @param attributes the names of those to show, in this order
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
