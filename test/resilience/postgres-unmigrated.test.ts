import { expect, test } from 'vitest';
import { migrate } from '../../src/postgres/migrate.ts';
import { readinessOf } from '../support/clients/condition-table.ts';
import { spawnService } from '../support/processes/spawn-service.ts';
import { linesOf } from '../support/processes/spawn-with-script.ts';
import { counted } from '../support/processes/spawn-with-redis.ts';

test('a service without tables says so once, and works once they are there', async () => {
  await using service = await spawnService(
    // A busy machine connects in more than the default of a second, which would be another condition.
    {
      SETTLEMENT_POLL_INTERVAL: '20ms',
      LOG_LEVEL: 'info',
      DATABASE_CONNECT_TIMEOUT: '10s',
      DATABASE_DEADLINE: '20s',
    },
    { migrated: false },
  );
  const failed = {
    dependency: 'postgres',
    operation: 'count_backlog',
    outcome: 'error',
  };
  await expect
    .poll(() => counted(service, 'dependency_request_duration_seconds_count', failed))
    .toBeGreaterThan(10);
  const { status, headers } = await service.api.place();

  expect([status, headers.get('retry-after')]).toEqual([503, '5']);
  expect((await readinessOf(service)).status).toBe(503);
  expect(linesOf(service, 'settlement.failed')).toMatchObject([{ level: 'warn' }]);
  expect(linesOf(service, 'postgres.condition')).toMatchObject([
    { condition: 'not_migrated', sqlstate: '42P01' },
  ]);
  expect(linesOf(service, 'http.request').at(-1)).toMatchObject({
    status: 503,
    db_condition: 'not_migrated',
  });

  await migrate(service.database.url);
  await expect.poll(() => linesOf(service, 'settlement.resumed').length).toBe(1);
  await expect.poll(async () => (await service.api.place()).status).toBe(201);
  await expect.poll(() => linesOf(service, 'postgres.condition_ended').length).toBe(1);
  expect((await readinessOf(service)).status).toBe(200);
});
