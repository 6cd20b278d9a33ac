import { afterEach, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { teaOrder } from '../support/clients/api-client.ts';
import { send, sendRaw } from '../support/clients/http-exchange.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';

let service: SpawnedService;
afterEach(() => service.close());

async function admin(path: string) {
  const response = await fetch(`${service.adminUrl}${path}`);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  const body: unknown = isJson ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body, text };
}

const readiness = async () => {
  const { status, body } = await admin('/readyz');
  return { status, body };
};

/** Nothing listens on port 1. */
const nowhere = { DATABASE_URL: 'postgres://orders:hush-hush@127.0.0.1:1/orders', DATABASE_DEADLINE: '50ms' };

describe('/readyz', () => {
  const serving = { ok: true, detail: 'serving' };
  /** @param detail why Postgres keeps the instance from being ready */
  const notReady = (detail: unknown) => ({
    status: 503,
    body: { ready: false, checks: { lifecycle: serving, postgres: { ok: false, detail } } },
  });

  test('/readyz answers 200 with the state of each check', async () => {
    service = await spawnService();
    await expect.poll(readiness).toEqual({
      status: 200,
      body: { ready: true, checks: { lifecycle: serving, postgres: { ok: true } } },
    });
  });

  test('/readyz answers 503 and names the migrations that the database lacks', async () => {
    service = await spawnService({}, { migrated: false });
    await expect.poll(readiness).toEqual(notReady(expect.stringMatching(/^not migrated: 0001_orders/)));
  });

  test('/readyz answers 503 when one migration is missing', async () => {
    service = await spawnService();
    await service.database.sql('DELETE FROM applied_migrations');
    expect(await readiness()).toMatchObject({ status: 503, body: { checks: { postgres: { ok: false } } } });
  });

  test('/readyz answers 503 without the password while Postgres is unreachable, and /livez answers 200', async () => {
    service = await spawnService(nowhere);
    await expect.poll(readiness).toEqual(notReady('unreachable: Postgres cannot be reached (ECONNREFUSED)'));
    expect((await admin('/readyz')).text).not.toContain('hush');
    expect((await admin('/livez')).status).toBe(200);
  });

  test('/readyz answers 200 again once the database is migrated', async () => {
    service = await spawnService();
    await service.database.sql('ALTER TABLE applied_migrations RENAME TO elsewhere');
    expect((await readiness()).status).toBe(503);
    await service.database.sql('ALTER TABLE elsewhere RENAME TO applied_migrations');
    await expect.poll(readiness).toMatchObject({ status: 200 });
  });

  test('/readyz answers 503 while draining, when orders are still accepted with `connection: close`', async () => {
    service = await spawnService({ SHUTDOWN_DRAIN_DELAY: '3s' });
    const closing = service.close();

    await expect.poll(readiness).toMatchObject({
      status: 503,
      body: {
        ready: false,
        checks: { lifecycle: { ok: false, detail: 'draining' }, postgres: { ok: true } },
      },
    });
    expect((await admin('/status')).body).toMatchObject({ draining: true });
    expect((await admin('/livez')).status).toBe(200);
    const placed = await service.api.place(teaOrder);
    expect(placed.status).toBe(201);
    expect(placed.headers.get('connection')).toBe('close');
    await closing;
    await expect(fetch(`${service.adminUrl}/livez`)).rejects.toThrow('fetch failed');
  });

  test('/readyz ignores the payment gateway, because orders are accepted without it', async () => {
    service = await spawnService({ PAYMENT_GATEWAY_URL: 'http://127.0.0.1:1' });
    await expect.poll(readiness).toMatchObject({ status: 200 });
  });
});

test('/livez answers 200 while Postgres is unreachable', async () => {
  service = await spawnService(nowhere);
  expect(await admin('/livez')).toMatchObject({ status: 200, body: { status: 'ok' } });
});

test('/metrics answers curl in the text format and includes process metrics', async () => {
  service = await spawnService();
  const { status, headers, text } = await admin('/metrics');

  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = text.trimEnd().split('\n');
  const sample = /^[a-z_][a-zA-Z0-9_]*(\{([a-zA-Z0-9_]+="[^"]*",?)*\})? (NaN|[+-]Inf|-?[\d.e+-]+)$/;
  const comment = /^# (HELP|TYPE) [a-z_][a-zA-Z0-9_]* .+$/;
  expect(lines.filter((line) => line !== '' && !sample.test(line) && !comment.test(line))).toEqual([]);
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'nodejs_eventloop_lag_seconds',
  ]) {
    expect(lines.some((line) => line.startsWith(`# TYPE ${name} `))).toBe(true);
    expect(Number(lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1])).toBeGreaterThanOrEqual(
      0,
    );
  }
});

test('/status reports the version, the uptime, the circuit breaker and the pool', async () => {
  service = await spawnService();
  await service.api.place();
  const { body } = await admin('/status');
  expect(body).toMatchObject({
    version: packageJson.version,
    uptimeSeconds: expect.any(Number),
    draining: false,
    circuitBreakers: { payment: 'closed' },
    postgresPool: { total: expect.any(Number), idle: expect.any(Number), waiting: 0 },
  });
  const { postgresPool, uptimeSeconds } = body as {
    uptimeSeconds: number;
    postgresPool: { total: number; idle: number };
  };
  expect(uptimeSeconds).toBeLessThan(60);
  expect(postgresPool.total).toBeGreaterThanOrEqual(1);
  expect(postgresPool.idle).toBeLessThanOrEqual(postgresPool.total);
});

test('/status shows the circuit breaker open after the gateway has failed', async () => {
  service = await spawnService({
    BREAKER_VOLUME: '2',
    PAYMENT_GATEWAY_URL: 'http://127.0.0.1:1',
    PAYMENT_DEADLINE: '200ms',
  });
  await service.api.place();
  await expect
    .poll(async () => (await admin('/status')).body)
    .toMatchObject({ circuitBreakers: { payment: 'open' } });
});

describe('the admin listener', () => {
  const answerTo = async (method: string, path: string, headers: Record<string, string>) => {
    const { status, head, body } = await send(service.adminUrl, { method, path, headers });
    return { status, head, code: status < 400 ? undefined : (JSON.parse(body) as { code: string }).code };
  };

  test('the admin listener serves addresses, localhost and the names of ADMIN_ALLOWED_HOSTS, and no page of another site', async () => {
    service = await spawnService({ ADMIN_ALLOWED_HOSTS: 'orders, *.svc.cluster.local' });
    // The hosts of a health check, a kubelet, Docker's DNS and a Prometheus in Kubernetes.
    for (const host of [
      '127.0.0.1:7071',
      '10.42.0.7:7071',
      '[::1]:7071',
      'localhost',
      'orders:7071',
      'orders.shop.svc.cluster.local',
    ])
      expect(await answerTo('GET', '/readyz', { host }), host).toMatchObject({ status: 200 });
    for (const host of ['evil.example', 'evil.example:7071', '127.0.0.1.evil.example', 'orders.evil.example'])
      for (const [method, path] of [
        ['GET', '/metrics'],
        ['PUT', '/log-level'],
        ['POST', '/profile/cpu'],
      ] as const)
        expect(await answerTo(method, path, { host }), `${method} ${host}`).toMatchObject({
          status: 403,
          code: 'wrong_host',
        });
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ])
      expect(await answerTo('POST', '/profile/cpu', headers), JSON.stringify(headers)).toMatchObject({
        status: 403,
        code: 'wrong_origin',
      });
  });

  test('the admin listener serves HTTP/1.0 health checks without a host', async () => {
    service = await spawnService();
    expect(await sendRaw(service.adminUrl, 'GET /readyz HTTP/1.0\r\n\r\n')).toMatchObject({ status: 200 });
  });

  test('the admin listener answers 405 with the allowed methods', async () => {
    service = await spawnService();
    for (const [method, path, allow] of [
      ['POST', '/livez', 'GET, HEAD'],
      ['DELETE', '/metrics', 'GET, HEAD'],
      ['POST', '/log-level', 'GET, HEAD, PUT'],
      ['GET', '/profile/cpu', 'POST'],
    ] as const) {
      const { status, head, code } = await answerTo(method, path, {});
      expect([status, code], path).toEqual([405, 'method_not_allowed']);
      expect(head).toContain(`allow ${allow} `);
    }
  });
});

describe('the two listeners', () => {
  const adminPaths = ['/livez', '/readyz', '/metrics', '/status'];

  test('the public listener has its own port and none of the admin paths', async () => {
    service = await spawnService();
    expect(new URL(service.url).port).not.toBe(new URL(service.adminUrl).port);
    for (const path of adminPaths) {
      const refused = await service.api.refused('GET', path);
      expect(refused).toMatchObject({ status: 404, body: { code: 'route_not_found' } });
    }
  });

  test('the admin listener does not serve orders', async () => {
    service = await spawnService();
    for (const path of ['/orders', '/docs', '/openapi.json']) expect((await admin(path)).status).toBe(404);
  });
});
