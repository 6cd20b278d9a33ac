import { expect, test } from 'vitest';
import { spanRecord } from '../../../test/support/generators/span-record.ts';
import { differencesOf } from './trace-difference.ts';

const span = (name: string, length: number) =>
  spanRecord({ spanId: name, name, start: 1000, end: 1000 + length });

test('the spans of two traces are compared by name, the largest change first', () => {
  const left = [span('request', 10), span('charge', 4), span('insert', 2)];
  const right = [span('request', 60), span('charge', 20), span('charge', 30)];
  expect(differencesOf(left, right)).toMatchObject([
    { name: 'request', change: 50 },
    { name: 'charge', left: { count: 1, total: 4 }, right: { count: 2, total: 50 }, change: 46 },
    { name: 'insert', right: { count: 0, total: 0 }, change: -2 },
  ]);
});
