import { expect, test } from 'vitest';
import { createInFlight } from './in-flight.ts';

test('what is in flight has ended once all of it has, failures and later work included', async () => {
  const inFlight = createInFlight();
  const [first, second] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
  const happened: string[] = [];
  const tracked = inFlight.track(first.promise);
  const ended = inFlight.ended().then(() => happened.push('ended'));
  inFlight.track(second.promise).catch(() => happened.push('second'));
  first.resolve('first');
  happened.push(await tracked);
  second.reject(new Error('failed'));
  await ended;
  expect(happened).toEqual(['first', 'second', 'ended']);
});

test('nothing in flight has ended at once', async () => {
  expect(await createInFlight().ended()).toBeUndefined();
});
