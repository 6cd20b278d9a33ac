import { expect, test } from 'vitest';
import { hottestOf } from './hottest.ts';

const frame = (functionName: string, url = '', lineNumber = -1) => ({
  functionName,
  url,
  lineNumber,
  columnNumber: 0,
  scriptId: '0',
});

test('a CPU profile is summed up by self time per function, over all its call sites and without the profiler', () => {
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('(root)') },
      { id: 2, callFrame: frame('totalOf', 'file:///app/src/orders/order.ts', 76) },
      { id: 3, callFrame: frame('totalOf', 'file:///app/src/orders/order.ts', 76) },
      { id: 4, callFrame: frame('(idle)') },
      { id: 5, callFrame: frame('', 'node:events', 9) },
      { id: 6, callFrame: frame('rare') },
      { id: 7, callFrame: frame('post', 'node:inspector', 114) },
    ],
    startTime: 0,
    endTime: 1,
    samples: [7, 2, 3, 4, 5, 6],
    timeDeltas: [9000, 3000, 3000, 3000, 900, 100],
  };
  expect(hottestOf('cpu', profile)).toEqual([
    '60 % totalOf (orders/order.ts:77)',
    '9 % (anonymous) (node:events:10)',
    '30 % (idle)',
  ]);
});

test('a heap profile is summed up by the size that each function allocated', () => {
  const leaf = (name: string, selfSize: number) => ({
    callFrame: frame(name),
    selfSize,
    id: 0,
    children: [],
  });
  const head = {
    ...leaf('(root)', 0),
    children: [leaf('parse', 750), { ...leaf('copy', 200), children: [leaf('parse', 50)] }],
  };
  expect(hottestOf('heap', { head, samples: [] })).toEqual(['80 % parse', '20 % copy']);
});

test('an empty profile names nothing', () => {
  expect(hottestOf('cpu', { nodes: [], startTime: 0, endTime: 0 })).toEqual([]);
});
