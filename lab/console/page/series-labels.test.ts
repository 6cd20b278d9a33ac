import { expect, test } from 'vitest';
import { labelOf, shortLabelOf } from './series-labels.ts';

const one = { service: 'shop', scope: 'lib', kind: 'gauge', labels: { state: 'idle' } } as const;

test.each([
  ['services', { ...one, service: 'till' }, ['shop state=idle', 'till state=idle'], ['shop', 'till']],
  ['scopes', { ...one, scope: '' }, ['lib state=idle', 'no scope state=idle'], ['lib', 'no scope']],
  [
    'kinds',
    { ...one, kind: 'counter' as const },
    ['gauge state=idle', 'counter state=idle'],
    ['gauge', 'counter'],
  ],
  ['labels', { ...one, labels: { state: 'busy' } }, ['state=idle', 'state=busy'], ['idle', 'busy']],
])('series of two %s are told apart, in the table and beside the plot', (_what, other, labels, short) => {
  const all = [one, other];
  expect(all.map((each) => labelOf(each, all))).toEqual(labels);
  expect(all.map((each) => shortLabelOf(each, all))).toEqual(short);
});

test('a lone series has the name of its service, unless it has labels', () => {
  expect(labelOf({ ...one, labels: {} }, [{ ...one, labels: {} }])).toBe('shop');
  expect(shortLabelOf(one, [one])).toBe('idle');
});
