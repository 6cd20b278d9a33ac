import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, execute } from './support/database.ts';
import { startWorld, type World } from './support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld({ BREAKER_VOLUME: '4', BREAKER_OPEN_FOR: '200ms', UPSTREAM_MAX_ATTEMPTS: '2' });
});
afterAll(() => world.stop());

const wanted = { reference: 'ref-42', quantity: 2 };

test('a booking is confirmed, and can be read under its location', async () => {
  const created = await world.create(wanted);
  expect(created).toMatchObject({ status: 201, body: { ...wanted, status: 'confirmed', reason: null } });
  const location = created.headers.get('location') ?? '';
  expect(location).toBe(`/bookings/${String(created.body['id'])}`);
  expect(await world.get(location)).toMatchObject({ status: 200, body: created.body });
});

test('a repeat under the same key returns the same booking, and another request is refused', async () => {
  const key = { 'idempotency-key': 'repeat-1' };
  const first = await world.create(wanted, key);
  const repeat = await world.create(wanted, key);
  expect(repeat).toMatchObject({ status: 201, body: { id: first.body['id'] } });
  expect(repeat.headers.get('idempotency-replayed')).toBe('true');
  expect(await world.create({ ...wanted, quantity: 3 }, key)).toMatchObject({
    status: 422,
    body: { code: 'idempotency_key_reused' },
  });
});

test('requests that arrive together under one key create one booking', async () => {
  const key = { 'idempotency-key': 'together-1' };
  const answers = await Promise.all(Array.from({ length: 8 }, () => world.create(wanted, key)));
  expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1);
});

test('a booking that the dependency rejects is stored as rejected', async () => {
  const rejected = await world.create({ reference: 'no-room', quantity: 1 });
  expect(rejected).toMatchObject({
    status: 422,
    body: { code: 'booking_rejected', rejectionReason: 'not_available' },
  });
  const stored = await world.get(`/bookings/${String(rejected.body['bookingId'])}`);
  expect(stored).toMatchObject({ status: 200, body: { status: 'rejected', reason: 'not_available' } });
});

test('invalid requests are refused with every fault named', async () => {
  expect(await world.create({ reference: 'ref 42', quantity: 0 })).toMatchObject({
    status: 400,
    body: { code: 'invalid_request', errors: [{ in: 'body' }, { in: 'body' }] },
  });
  expect(await world.get('/bookings/019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11')).toMatchObject({
    status: 404,
    body: { code: 'booking_not_found' },
  });
});

test('a list has pages, newest first', async () => {
  const ids: unknown[] = [];
  for (let count = 0; count < 3; count += 1) ids.unshift((await world.create(wanted)).body['id']);
  const page = await world.get('/bookings?limit=2');
  const first = page.body['bookings'] as Array<{ id: string }>;
  expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  const next = await world.get(`/bookings?limit=2&cursor=${String(page.body['nextCursor'])}`);
  expect((next.body['bookings'] as Array<{ id: string }>)[0]?.id).toBe(ids[2]);
});

test('a booking outlives an outage of its dependency: the circuit opens, and a repeat confirms it', async () => {
  await world.setFaults({ errorRate: 1 });
  const key = { 'idempotency-key': 'outage-1' };
  const pending = await world.create(wanted, key);
  expect(pending).toMatchObject({ status: 202, body: { status: 'pending' } });
  await expect
    .poll(async () => {
      await world.create(wanted);
      return readMetric('circuit_breaker_transitions_total{breaker="upstream",from="closed",to="open"}');
    })
    .toBeGreaterThan(0);
  await world.setFaults();
  await expect.poll(async () => (await world.create(wanted, key)).status).toBe(201);
  const repeat = await world.create(wanted, key);
  expect(repeat.body).toMatchObject({ id: pending.body['id'], status: 'confirmed' });
});

test('the circuit closes after an outage where one attempt may take as long as the whole call', async () => {
  const impatient = await startWorld({
    BREAKER_VOLUME: '2',
    BREAKER_OPEN_FOR: '200ms',
    UPSTREAM_ATTEMPT_TIMEOUT: '500ms',
    UPSTREAM_DEADLINE: '500ms',
  });
  try {
    await impatient.setFaults({ delayMs: 5000 });
    await expect
      .poll(async () => {
        await impatient.create(wanted);
        return impatient.logs.find((line) => line['event'] === 'circuit_breaker.changed');
      })
      .toMatchObject({ to: 'open' });
    await impatient.setFaults();
    await expect.poll(async () => (await impatient.create(wanted)).status).toBe(201);
  } finally {
    await impatient.stop();
  }
});

test('a decision that cannot be stored leaves the booking pending and is logged, in time or after the deadline', async () => {
  const database = await createDatabase();
  const refusing = await startWorld({ DATABASE_URL: database });
  const refuse = (milliseconds: number) =>
    execute(
      database,
      `CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN PERFORM pg_sleep(${milliseconds / 1000}); RAISE 'refused'; END $$;
       CREATE OR REPLACE TRIGGER refuse BEFORE UPDATE OF status ON bookings FOR EACH ROW EXECUTE FUNCTION refuse()`,
    );
  const notStored = () => refusing.logs.filter((line) => line['event'] === 'booking.outcome_not_stored');
  try {
    await refuse(0);
    expect(await refusing.create(wanted)).toMatchObject({ status: 202, body: { status: 'pending' } });
    await refuse(500);
    const late = await refusing.create(wanted, { 'x-request-timeout-ms': '300' });
    expect(late).toMatchObject({ status: 202, body: { status: 'pending' } });
    await expect.poll(notStored).toMatchObject([{ level: 'error' }, { booking_id: late.body['id'] }]);
  } finally {
    await refusing.stop();
  }
});

test('metrics, the canonical log line and the OpenAPI document show bookings', async () => {
  const { body, headers } = await world.create(wanted);
  expect(await readMetric('bookings_total{status="confirmed"}')).toBeGreaterThan(0);
  await expect
    .poll(() =>
      world.logs.find((line) => line['event'] === 'http.request' && line['booking_id'] === body['id']),
    )
    .toMatchObject({
      route: '/bookings',
      status: 201,
      booking_status: 'confirmed',
      upstream_outcome: 'confirmed',
    });
  expect(headers.get('traceparent')).toMatch(/^00-/);
  const document = (await (await fetch(`${world.url}/openapi.json`)).json()) as {
    paths: Record<string, unknown>;
  };
  expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/bookings', '/bookings/{id}']));
});

test('the service is ready, and refuses strangers', async () => {
  await expect.poll(async () => (await fetch(`${world.adminUrl}/readyz`)).status).toBe(200);
  expect((await fetch(`${world.url}/bookings`)).status).toBe(401);
});

/** The value of one series, from the admin listener; 0 if there is none. */
async function readMetric(series: string): Promise<number> {
  const text = await (await fetch(`${world.adminUrl}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length).trim().split(' ')[0] ?? 0);
}
