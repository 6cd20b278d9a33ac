import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from './support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld({
    UPSTREAM_MAX_ATTEMPTS: '1',
    SETTLEMENT_POLL_INTERVAL: '100ms',
    LOG_LEVEL: 'debug',
  });
});
afterAll(() => world.stop());

test('a booking that its request leaves pending is confirmed by the worker once the dependency is back', async () => {
  await world.setFaults({ errorRate: 1 });
  const created = await world.create({ reference: 'ref-42', quantity: 2 });
  expect(created).toMatchObject({ status: 202, body: { status: 'pending' } });
  await world.setFaults();
  // The lease of the request has to end first.
  await expect
    .poll(async () => (await world.get(created.headers.get('location') ?? '')).body['status'], {
      timeout: 40_000,
    })
    .toBe('confirmed');
  await expect
    .poll(() => world.logs.find((line) => line['event'] === 'booking.settled'))
    .toMatchObject({ booking_id: created.body['id'], request_id: `settle-${String(created.body['id'])}` });
});
