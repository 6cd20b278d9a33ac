import { expect, test } from 'vitest';
import { stretchesOf } from './band.ts';

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
