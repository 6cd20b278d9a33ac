import { beforeAll, describe, expect, test } from 'vitest';
import type { Answer, ProblemBody } from '../support/clients/api-client.ts';
import { hiccup } from '../support/clients/timing.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';

let service: SpawnedService;

/** Every path from the API to the database. */
const requests: ReadonlyArray<[what: string, () => Promise<Answer<ProblemBody>>]> = [
  ['POST /orders', async () => (await service.api.place()) as unknown as Answer<ProblemBody>],
  ['GET /orders', () => service.api.refused('GET', '/orders')],
  ['GET /orders/:id', () => service.api.refused('GET', '/orders/019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11')],
];

describe('a schema without an expected column', () => {
  beforeAll(async () => {
    service = await spawnService();
    await service.database.sql('ALTER TABLE orders RENAME COLUMN customer_id TO sabotaged');
    return () => service.close();
  });

  test.each(requests)(
    '%s answers 500 after a defect and keeps its details in the log',
    async (_what, request) => {
      const { status, headers, body } = await request();

      const requestId = headers.get('x-request-id');
      expect(status).toBe(500);
      // The whole body: no room for SQL, a column name or a stack trace.
      expect(body).toEqual({
        type: '/problems/internal_error',
        title: 'Internal server error',
        status: 500,
        detail: 'The service failed unexpectedly. The error is logged under this request id.',
        code: 'internal_error',
        requestId,
      });

      await expect
        .poll(() => service.logs)
        .toContainEqual(
          expect.objectContaining({ event: 'http.request', request_id: requestId, status: 500 }),
        );
      const lines = service.logs.filter(
        (line) => line['request_id'] === requestId && line['level'] === 'error',
      );
      expect(lines).toEqual([
        expect.objectContaining({
          err: expect.objectContaining({
            code: '42703',
            message: expect.stringContaining('customer_id'),
            stack: expect.stringMatching(/\n\s+at .*src\/postgres\/database\.ts/),
          }),
        }),
      ]);
    },
  );
});

describe('a database that cannot be reached', () => {
  beforeAll(async () => {
    service = await spawnService({
      // Nothing listens on port 1.
      DATABASE_URL: 'postgres://orders:hush-hush@127.0.0.1:1/orders',
      DATABASE_DEADLINE: '100ms',
    });
    return () => service.close();
  });

  test.each(requests)(
    '%s answers 503 with Retry-After while Postgres is unreachable, within the deadline',
    async (_what, request) => {
      const startedAt = performance.now();
      const { status, headers, body } = await request();

      expect(performance.now() - startedAt).toBeLessThan(100 + 2 * hiccup);
      expect(status).toBe(503);
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(body).toEqual({
        type: '/problems/database_unavailable',
        title: 'Database unavailable',
        status: 503,
        detail: 'The database does not serve requests at the moment.',
        code: 'database_unavailable',
        requestId: headers.get('x-request-id'),
      });
    },
  );

  test('the log has the reason why Postgres is unreachable, and never its password', async () => {
    await service.api.refused('GET', '/orders');
    expect(service.logs).toContainEqual(
      expect.objectContaining({ event: 'postgres.retry', error_code: 'ECONNREFUSED', level: 'warn' }),
    );
    expect(JSON.stringify(service.logs)).not.toContain('hush');
  });
});
