import { expect, test } from 'vitest';
import { spanRecord } from '../../../test/support/generators/span-record.ts';
import { criticalPath } from './critical-path.ts';
import { toSpanTrees } from './span-tree.ts';

/** Spans by name, each with its parent, start and end. */
function pathOf(spans: Record<string, readonly [parent: string, start: number, end: number]>): string[] {
  const records = Object.entries(spans).map(([spanId, [parentId, start, end]]) =>
    spanRecord({ spanId, parentId, start, end }),
  );
  const [root] = toSpanTrees(records);
  if (!root) return [];
  return criticalPath(root)
    .toReversed()
    .map(({ spanId, from, to }) => `${spanId} ${from}–${to}`);
}

test('the critical path goes through consecutive spans', () => {
  expect(pathOf({ root: ['', 0, 100], insert: ['root', 10, 30], charge: ['root', 40, 90] })).toEqual([
    'root 0–10',
    'insert 10–30',
    'root 30–40',
    'charge 40–90',
    'root 90–100',
  ]);
});

test('the critical path takes the last of several parallel spans to end', () => {
  expect(pathOf({ root: ['', 0, 100], short: ['root', 10, 50], long: ['root', 10, 100] })).toEqual([
    'root 0–10',
    'long 10–100',
  ]);
});

test('the critical path descends into the deepest span that the trace waits for', () => {
  expect(pathOf({ root: ['', 0, 100], call: ['root', 0, 100], server: ['call', 20, 80] })).toEqual([
    'call 0–20',
    'server 20–80',
    'call 80–100',
  ]);
});

test('the critical path cuts a child that outlives its parent', () => {
  expect(pathOf({ root: ['', 0, 100], late: ['root', 60, 300] })).toEqual(['root 0–60', 'late 60–100']);
});

test('the critical path covers the whole trace exactly once', () => {
  const parts = pathOf({
    root: ['', 0, 100],
    a: ['root', 5, 40],
    b: ['root', 20, 60],
    c: ['b', 10, 70],
    d: ['a', 0, 200],
  });
  const covered = parts.map((part) => part.split(' ')[1]?.split('–').map(Number) ?? []);
  const length = covered.reduce((sum, [from = 0, to = 0]) => sum + to - from, 0);
  expect(length).toBe(100);
});

test('the critical path survives cycles of parents', () => {
  expect(pathOf({ self: ['self', 0, 10] })).toEqual(['self 0–10']);
  expect(pathOf({ a: ['b', 0, 10], b: ['a', 0, 10] })).toEqual(['b 0–10']);
});
