import { expect, test } from 'vitest';
import { choose } from './chosen.ts';

const all = { forks: true, parts: true, recipes: true, memory: false, only: [] };
const none = { forks: false, parts: false, recipes: false, memory: false, only: [] };

test.each([
  ['nothing', {}, all],
  ['--recipes', { recipes: true }, { ...none, recipes: true }],
  ['--only bookings', { only: 'bookings' }, { ...none, forks: true, only: ['bookings'] }],
  [
    '--only bookings,redis',
    { only: 'bookings,redis' },
    { ...all, recipes: false, only: ['bookings', 'redis'] },
  ],
  [
    '--forks --recipes --only bookings',
    { forks: true, recipes: true, only: 'bookings' },
    { ...all, parts: false, only: ['bookings'] },
  ],
])('%s runs what it names', (_line, values, expected) => {
  expect(choose({ only: '', ...values })).toEqual(expected);
});

test.each([
  [{ recipes: true, only: 'redis' }, '--only needs --forks or --parts. Try --help.'],
  [{ parts: true, only: 'bookings' }, /^--only takes .*redis.*, not "bookings"\. Try --help\.$/],
])('%j is refused', (values, message) => {
  expect(() => choose(values)).toThrow(message);
});
