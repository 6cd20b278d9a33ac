import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runFailovers } from '../../lab/failover/failovers.ts';
import { type PostgresPair, startPostgresPair, urlOfBoth } from '../../lab/harness/postgres-pair.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { within } from '../support/clients/deadlines.ts';
import { noLimits, quietWorker } from '../support/clients/settings.ts';
import { spawnReplica, spawnSurroundings } from '../support/processes/spawn-service.ts';

/** One failover. `npm run test:failover` runs ten, and holds them to 2 s. */
test('a failover to a synchronous standby under load loses no order, charges none twice, and reads nothing from the demoted server', async () => {
  const interrupted = new AbortController();
  const { rounds, orders, findings } = await runFailovers(noLimits, {
    rounds: 2,
    rate: 50,
    seed: 20_261_127,
    awayFor: [0.5],
    calm: 1.5,
    signal: AbortSignal.any([interrupted.signal, AbortSignal.timeout(50_000)]),
    // As Ctrl-C does: what was found up to then is reported.
    progress: () => interrupted.abort(),
  });
  expect(rounds).toHaveLength(1);
  expect(findings).toEqual([]);
  expect(orders['paid']).toBeGreaterThan(50);
  const [round] = rounds;
  const expected = ['200', '201', '202', '402', '409 idempotency_in_progress', '503 database_unavailable'];
  expect(expected).toEqual(expect.arrayContaining(Object.keys(round?.answers ?? {})));
  expect(round?.readsFromDemoted).toBe(0);
  // Generous, because the machine runs several services at once.
  expect(round?.writesAfter).toBeLessThan(10_000);
});

describe('a primary and its synchronous standby', () => {
  let pair: PostgresPair;
  beforeAll(async () => {
    pair = await startPostgresPair();
    await migrate(urlOfBoth(pair));
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  // A cancelled wait for the standby is no error for Postgres: the statement is done, with a warning.
  test('an order whose deadline comes while its commit waits for the standby is in doubt, and not answered as stored', async () => {
    await using surroundings = await spawnSurroundings();
    await using service = await spawnReplica(surroundings, { ...quietWorker, DATABASE_URL: urlOfBoth(pair) });
    expect((await service.api.place()).status).toBe(201);
    await pair.freezeStandby(true);
    try {
      const order = await service.api.place(undefined, within(700));
      expect(order).toMatchObject({ status: 503, body: { code: 'database_unavailable' } });
    } finally {
      await pair.freezeStandby(false);
    }
    expect((await service.api.place()).status).toBe(201);
  });

  test('connections leave a primary that was made read-only for one that takes writes, reads included', async () => {
    await using surroundings = await spawnSurroundings();
    await using service = await spawnReplica(surroundings, { ...quietWorker, DATABASE_URL: urlOfBoth(pair) });
    await Promise.all(Array.from({ length: 5 }, () => service.api.place()));
    const sessionsWithOld = await pair.fence();
    // An order may find the end of an old connection first.
    await expect.poll(async () => (await service.api.place()).status).toBe(201);
    for (let read = 0; read < 5; read += 1) await service.api.request('GET', '/orders');
    expect(await sessionsWithOld('orders')).toBe(0);
  });
});
