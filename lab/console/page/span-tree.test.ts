import { expect, test } from 'vitest';
import type { SpanRecord } from '../api-types.ts';
import { type SpanTree, toSpanTrees } from './span-tree.ts';

function span(spanId: string, parentId: string, start: number): SpanRecord {
  return {
    traceId: 't',
    spanId,
    parentId,
    name: spanId,
    kind: 'INTERNAL',
    service: 'orders',
    start,
    end: start + 10,
    failed: false,
    message: '',
    attributes: {},
    events: [],
    links: [],
    dropped: 0,
    origin: 1,
    flags: 0,
  };
}

const written = (trees: readonly SpanTree[]): string =>
  trees.map(({ span: { name }, children }) => `${name}(${written(children)})`).join(' ');

test('spans without their parent are roots beside the others, in the order of their start', () => {
  const spans = [
    span('child', 'root', 3),
    span('orphan', 'lost', 2),
    span('root', '', 1),
    span('own', 'own', 4),
  ];
  expect(written(toSpanTrees(spans))).toBe('root(child()) orphan() own()');
});

test('spans that are their own ancestors are shown, below the first of them', () => {
  const circle = [span('a', 'c', 1), span('b', 'a', 2), span('c', 'b', 3)];
  expect(written(toSpanTrees([...circle, span('leaf', 'b', 4)]))).toBe('a(b(c() leaf()))');
});
