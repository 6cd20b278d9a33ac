import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, execute } from './support/database.ts';
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

test('a shutdown waits for the bookings that the worker has in hand, and not for all that are due', async () => {
  const database = await createDatabase();
  // Each lane settles five a second.
  await execute(
    database,
    `INSERT INTO bookings (id, client_id, request_hash, reference, quantity, status, due_at, created_at, updated_at)
     SELECT gen_random_uuid(), 'test', '\\x00', 'ref-42', 1, 'pending', now(), now(), now() FROM generate_series(1, 2000);
     CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END $$;
     CREATE TRIGGER pause BEFORE UPDATE OF status ON bookings FOR EACH ROW EXECUTE FUNCTION pause()`,
  );
  const busy = await startWorld({ DATABASE_URL: database, LOG_LEVEL: 'debug' });
  const settled = () => busy.logs.filter((line) => line['event'] === 'booking.settled').length;
  await expect.poll(settled, { timeout: 30_000 }).toBeGreaterThan(0);
  const before = settled();
  await busy.stop();
  expect(settled() - before).toBeLessThan(100);
});
