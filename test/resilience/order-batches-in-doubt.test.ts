import type { Client } from 'pg';
import { expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { insertsIn, within } from '../support/clients/deadlines.ts';
import { metricOf, patiently } from '../support/clients/held-orders.ts';
import { claimKey, openTransaction } from '../support/clients/other-session.ts';
import { quietWorker } from '../support/clients/settings.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';
import { linesOf } from '../support/processes/spawn-with-script.ts';

// A statement whose session ends may have been committed, so it is sent again. What one of its rows then meets is still no
// fault of the others.

const many = 60;
const special = 30;
/** Longer than any wait here, so that none of them ends one. */
const slowLimits = {
  ...quietWorker,
  DATABASE_STATEMENT_TIMEOUT: '20s',
  DATABASE_DEADLINE: '20s',
};

/** Has orders gather behind a lock, and ends the sessions of their statements. Their repeats wait for the lock again. */
async function placeInDoubt(
  { api, adminUrl, database }: SpawnedService,
  locking: Client,
  headersOf: (index: number) => Record<string, string> = () => ({}),
) {
  await locking.query('LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
  const placing = Array.from({ length: many }, (_, index) =>
    api.place(teaOrder, { 'idempotency-key': `key-${index}`, ...headersOf(index) }),
  );
  await expect.poll(() => metricOf({ adminUrl }, 'http_requests_in_flight'), patiently).toBe(many);
  await expect.poll(() => metricOf({ adminUrl }, 'pg_batch_rows_waiting'), patiently).toBe(0);
  await database.sql(`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE '%INSERT INTO public.orders%' AND pid <> pg_backend_pid()`);
  await expect.poll(() => insertsIn(database), patiently).not.toEqual([]);
  return { special: placing[special], others: Promise.all(placing.filter((_, index) => index !== special)) };
}

async function spawnWarm(env: Record<string, string>) {
  const service = await spawnService(env);
  // A cold service takes requests so slowly that few of them arrive together.
  await Promise.all(Array.from({ length: many }, () => service.api.place()));
  return service;
}

test('orders in doubt do not wait for a key that another session is about to claim', async () => {
  await using service = await spawnWarm({ ...slowLimits, DATABASE_DEADLINE: '10s' });
  const locking = await openTransaction(service);
  await claimKey(locking, 'key-30');
  await locking.query('SAVEPOINT key_is_claimed');
  const { special: waiting, others } = await placeInDoubt(service, locking);
  await locking.query('ROLLBACK TO SAVEPOINT key_is_claimed');
  const statuses = (await others).map(({ status }) => status);
  await locking.end();
  expect(statuses.filter((status) => status !== 201)).toEqual([]);
  expect((await waiting)?.status).toBe(201);
});

test('orders in doubt outlast the deadline of one of them', async () => {
  await using service = await spawnWarm(slowLimits);
  const locking = await openTransaction(service);
  const { special: impatient, others } = await placeInDoubt(service, locking, (index) =>
    index === special ? within(1500) : {},
  );
  const answer = await impatient;
  await locking.query('ROLLBACK');
  const statuses = (await others).map(({ status }) => status);
  await locking.end();
  expect(statuses.filter((status) => status !== 201)).toEqual([]);
  expect(answer?.status).toBe(503);
  const lines = linesOf(service, 'http.request').filter(({ status }) => status === 503);
  expect(lines).toEqual([expect.objectContaining({ db_condition: 'stopping' })]);
});
