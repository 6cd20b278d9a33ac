import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { currentContext, outsideRequests } from './async-context.ts';
import { createCircuit } from './resilience/circuit-breaker.ts';

const contexts = new AsyncLocalStorage<string>();

test('work outside of requests sees no context, and returns its result', async () => {
  const seen = contexts.run('request', () =>
    outsideRequests(async () => {
      await delay(1);
      return [contexts.getStore()];
    }),
  );
  expect(await seen).toEqual([undefined]);
});

test('work that another request starts runs in the context that it was handed over in', () => {
  const inContext = contexts.run('its own', currentContext);
  const seen = contexts.run('another', () => [inContext(() => contexts.getStore()), contexts.getStore()]);
  expect(seen).toEqual(['its own', 'another']);
});

test('a breaker opens and closes in the context of the call that decides, and turns half-open in none', async () => {
  const changes: Array<[to: string, context: string | undefined]> = [];
  const halfOpen = Promise.withResolvers<void>();
  const circuit = createCircuit<boolean>(
    { errorShare: 0.5, volume: 2, window: 10_000, openFor: 30 },
    (succeeded) => !succeeded,
    ({ to }) => {
      changes.push([to, contexts.getStore()]);
      if (to === 'half_open') halfOpen.resolve();
    },
  );
  const seen: Array<string | undefined> = [];
  const call = (request: string, succeeds: boolean) =>
    contexts.run(request, () =>
      circuit.fire(async () => {
        await delay(1);
        seen.push(contexts.getStore());
        return succeeds;
      }),
    );
  await call('first', false);
  await call('second', false);
  await halfOpen.promise;
  await call('third', true);
  circuit.close();
  expect(seen).toEqual(['first', 'second', 'third']);
  expect(changes).toEqual([
    ['open', 'second'],
    ['half_open', undefined],
    ['closed', 'third'],
  ]);
});
