import fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bookingRoutes } from '../lab/console/bookings/booking-routes.ts';
import { createLogStore } from '../lab/console/logs/log-store.ts';
import { createTraceStore } from '../lab/console/traces/trace-store.ts';
import { startWorld, type World } from './support/world.ts';

const wanted = { reference: 'ref-42', quantity: 2 };
let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

/** What the console says of a booking, with this key. */
async function lifeOf(id: string, apiKey = 'test-key'): Promise<Record<string, unknown>> {
  const sources = { traces: createTraceStore(65_536), logs: createLogStore(65_536, () => false) };
  const app = fastify();
  await app.register(bookingRoutes({ ...sources, target: () => ({ apiUrl: world.url, apiKey }) }));
  return (await app.inject(`/api/bookings/${id}`)).json();
}

test('the console shows a booking as the API returns it', async () => {
  const { body } = await world.create(wanted);
  expect(await lifeOf(String(body['id']))).toMatchObject({ booking: body });
});

test.each([
  ['an id that no booking can have', 'ref-42', undefined, 'This is no id of a booking, which is a UUID.'],
  [
    'an id of no booking',
    '019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11',
    undefined,
    'There is no booking with this id.',
  ],
  [
    'a wrong API key',
    '019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11',
    'other',
    'The API key is unknown. Send a valid one.',
  ],
])('the console says why it shows no booking: %s', async (_what, id, apiKey, missing) => {
  expect(await lifeOf(id, apiKey)).toMatchObject({ missing });
});
