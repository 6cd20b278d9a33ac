import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createGatewayPause } from './gateway-pause.ts';

const contexts = new AsyncLocalStorage<string>();

test('a pause begins in the context of the answer that asks for it, and ends in none', async () => {
  const seen: Array<string | undefined> = [];
  const over = Promise.withResolvers<void>();
  const pause = createGatewayPause({
    longest: 20,
    events: {
      paused: () => seen.push(contexts.getStore()),
      resumed() {
        seen.push(contexts.getStore());
        over.resolve();
      },
    },
  });
  contexts.run('request', () => pause.answered(10));
  // The timer of a pause does not keep a process alive.
  await Promise.race([over.promise, delay(5000)]);
  pause.close();
  expect(seen).toEqual(['request', undefined]);
});
