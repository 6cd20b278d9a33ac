import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { answerWithin } from './answer-within.ts';

const error = (name: string, message: string) => Object.assign(new Error(message), { name });

test('a command is answered by a value, and refused by an error reply', async () => {
  expect(await answerWithin(1000, Promise.resolve('kept'))).toEqual({ kind: 'answered', value: 'kept' });
  const full = error('ReplyError', "OOM command not allowed when used memory > 'maxmemory'.");
  expect(await answerWithin(1000, Promise.reject(full))).toEqual({ kind: 'refused', error: full });
});

test('a command stays unanswered when its connection breaks', async () => {
  const broken = error('MaxRetriesPerRequestError', 'Reached the limit');
  expect(await answerWithin(1000, Promise.reject(broken))).toEqual({
    kind: 'unanswered',
    reason: 'connection_lost',
    error: broken,
  });
});

test('a command times out at the limit, and its later failure is ignored', async () => {
  const { promise, reject } = Promise.withResolvers<string>();
  expect(await answerWithin(10, promise)).toEqual({ kind: 'unanswered', reason: 'timeout' });
  reject(new Error('too late'));
  // An unhandled rejection would end the process in the next turn of the event loop.
  await delay(0);
});
