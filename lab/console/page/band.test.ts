import { expect, test } from 'vitest';
import { stretchesOf, stretchesOfBreaker } from './band.ts';

const second = 1000;

test('stretchesOf merges adjacent seconds of one state and leaves gaps open', () => {
  const times = [1, 2, 3, 4, 9, 10].map((time) => time * second);
  expect(stretchesOf(times, [0, 0, 2, null, 2, 1])).toEqual([
    { from: 0, to: 2 * second, state: 'closed', label: 'closed' },
    { from: 2 * second, to: 3 * second, state: 'open', label: 'open' },
    { from: 8 * second, to: 9 * second, state: 'open', label: 'open' },
    { from: 9 * second, to: 10 * second, state: 'half-open', label: 'half-open' },
  ]);
});

test('a second without a reading is no gap between two readings of one state', () => {
  expect(stretchesOf([second, 3 * second, 4 * second, 6 * second], [0, 0, 2, 0])).toEqual([
    { from: 0, to: 3 * second, state: 'closed', label: 'closed' },
    { from: 3 * second, to: 4 * second, state: 'open', label: 'open' },
    { from: 5 * second, to: 6 * second, state: 'closed', label: 'closed' },
  ]);
});

test('a breaker that was half-open between two readings has a sliver in that second', () => {
  const times = [1, 2, 3, 4].map((time) => time * second);
  const columns = new Map([
    ['breaker:payment', [2, 2, 2, 0]],
    ['entered:payment:half_open', [0, 1, 0, 1]],
    ['entered:payment:open', [1, 1, 0, 0]],
  ]);
  expect(stretchesOfBreaker('payment', { times, columns }).map(({ from, state }) => [from, state])).toEqual([
    [0, 'open'],
    [1300, 'half-open'],
    [3000, 'closed'],
    [3300, 'half-open'],
  ]);
});

test('a half-open state that was read has no sliver of its own', () => {
  const times = [1, 2, 3].map((time) => time * second);
  const columns = new Map([
    ['breaker:payment', [2, 1, 0]],
    ['entered:payment:half_open', [0, 1, 0]],
  ]);
  expect(stretchesOfBreaker('payment', { times, columns }).map(({ state }) => state)).toEqual([
    'open',
    'half-open',
    'closed',
  ]);
});
