import { expect, test } from 'vitest';
import type { SpanRecord } from '../api-types.ts';
import { differencesOf } from './trace-difference.ts';

const span = (name: string, length: number): SpanRecord => ({
  traceId: 't',
  spanId: name,
  parentId: '',
  name,
  kind: 'CLIENT',
  service: 'orders',
  start: 1000,
  end: 1000 + length,
  failed: false,
  message: '',
  attributes: {},
  events: [],
  links: [],
  dropped: 0,
});

test('the spans of two traces are compared by name, the largest change first', () => {
  const left = [span('request', 10), span('charge', 4), span('insert', 2)];
  const right = [span('request', 60), span('charge', 20), span('charge', 30)];
  expect(differencesOf(left, right)).toMatchObject([
    { name: 'request', change: 50 },
    { name: 'charge', left: { count: 1, total: 4 }, right: { count: 2, total: 50 }, change: 46 },
    { name: 'insert', right: { count: 0, total: 0 }, change: -2 },
  ]);
});
