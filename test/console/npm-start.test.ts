import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NetworkScenario } from '../../lab/console/api-types.ts';
import {
  apiLine,
  bannerEnd,
  descendants,
  killNow,
  placeOrder,
  soon,
  spawnNpmStart,
  stillRunning,
} from '../support/processes/npm-start-process.ts';
import { startOtlpReceiver } from '../../lab/harness/otlp-receiver.ts';

// The console as `npm start` starts it.

let dataDir: string;
let env: Record<string, string>;
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'console-npm-start-test-'));
  env = { DATA_DIR: dataDir };
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const pageLine = /Console +(http:\S+)/;

/** Calls the console's API as its page does. */
function asPage(
  pageUrl: string,
): (path: string, change?: { method: string; body?: object }) => Promise<Record<string, unknown>> {
  const { origin, port, searchParams } = new URL(pageUrl);
  const cookie = `console-${port}=${searchParams.get('token') ?? ''}`;
  return async (address, { method, body } = { method: 'GET' }) => {
    const response = await fetch(origin + address, {
      method,
      headers: { cookie, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return (await response.json()) as Record<string, unknown>;
  };
}

test('the console of npm start shows an order with its trace, log lines, charge and metrics', async () => {
  await using run = spawnNpmStart(env);
  const ask = asPage(await run.find(pageLine));
  const { id, traceId } = await placeOrder(await run.find(apiLine));

  const traceOf = (trace: string) => async () => {
    const { spans = [], logs = [] } = await ask(`/api/traces/${trace}`);
    return { spans: (spans as object[]).length, logs: (logs as object[]).length };
  };
  // Six spans of the service and one of the gateway; one line of each.
  await expect.poll(traceOf(traceId), soon).toEqual({ spans: 7, logs: 2 });
  expect(await ask(`/api/orders/${id}`)).toMatchObject({
    order: { status: 'paid' },
    charge: { status: 'succeeded', attempts: 1, captures: 1 },
    traces: [{ traceId, services: ['orders', 'payment-gateway'] }],
  });
  await expect
    .poll(async () => ask('/api/overview'), soon)
    .toMatchObject({
      service: 'up',
      orders: { paid: 1 },
      revenue: { EUR: 900 },
      exemplars: expect.arrayContaining([
        expect.objectContaining({ traceId, name: 'POST /orders' }),
      ]) as unknown[],
    });

  // The console's own looks at the order and at its charge are no traces, and no calls of clients on the map.
  await ask('/api/orders');
  const next = await placeOrder(await run.find(apiLine));
  await expect.poll(traceOf(next.traceId), soon).toEqual({ spans: 7, logs: 2 });
  const { traces } = await ask('/api/traces');
  expect((traces as Array<{ name: string }>).map(({ name }) => name)).toEqual([
    'POST /orders',
    'POST /orders',
  ]);
  const { edges } = (await ask('/api/map')) as { edges: Array<{ from: string; to: string }> };
  expect(edges.map(({ from, to }) => `${from} ${to}`)).not.toContain(
    'clients:clients service:payment-gateway',
  );
});

test('a network fault of npm start affects the service alone until it is restored', async () => {
  await using run = spawnNpmStart({
    ...env,
    DATABASE_CONNECT_TIMEOUT: '200ms',
    DATABASE_DEADLINE: '500ms',
  });
  const ask = asPage(await run.find(pageLine));
  const apiUrl = await run.find(apiLine);
  await run.find(bannerEnd);
  const statusOf = async () => (await placeOrder(apiUrl)).status;
  await expect.poll(statusOf, soon).toBe(201);
  await expect
    .poll(() => ask('/api/faults'), soon)
    .toMatchObject({ network: [{ name: 'postgres' }, { name: 'gateway' }] });

  const { networkScenarios } = await ask('/api/faults');
  for (const { proxy, enabled, toxics } of networkScenarios as NetworkScenario[]) {
    if (enabled && toxics[0]?.type !== 'timeout') continue;
    await ask(`/api/network/${proxy}`, { method: 'PUT', body: { enabled, toxics } });
    expect(await statusOf()).toBe(proxy === 'postgres' ? 503 : 202);
    await ask('/api/faults', { method: 'DELETE' });
    await expect.poll(statusOf, soon).toBe(201);
  }
  expect(run.complaints()).toBe('');
});

test("the user's Collector also receives the telemetry of npm start", async () => {
  await using collector = await startOtlpReceiver();
  await using run = spawnNpmStart({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  const ask = asPage(await run.find(pageLine));
  const { traceId } = await placeOrder(await run.find(apiLine));
  await collector.waitForTrace(traceId, 7);
  await collector.waitForLog((line) => line.traceId === traceId);
  expect(await ask(`/api/traces/${traceId}`)).toMatchObject({ traceId });
});

test('the service of npm start survives the death of the console', async () => {
  await using run = spawnNpmStart(env);
  const apiUrl = await run.find(apiLine);
  await run.find(
    /(Limit +10,000 requests of a client per 10 s \(RATE_LIMIT_MAX; 1,000 with npm run serve\))/,
  );
  await run.find(bannerEnd);
  for (const pid of await descendants(run.pid, 'console/main.ts')) killNow(pid);
  await run.find(/(The console has ended, by SIGKILL\. The service goes on without it\.)/);
  expect(await placeOrder(apiUrl)).toMatchObject({ id: expect.stringMatching(/-/) as string });

  const family = await descendants(run.pid);
  process.kill(run.pid, 'SIGINT');
  expect(await run.ended).toBe(0);
  await expect.poll(() => stillRunning(family), soon).toEqual([]);
});

test('npm start runs without the console when CONSOLE is off', async () => {
  await using run = spawnNpmStart({ ...env, CONSOLE: 'off' });
  await run.find(bannerEnd);
  expect(run.output()).not.toContain('Console');
  // The limit is raised for the traffic of the console alone.
  expect(run.output()).toContain('Limit    1,000 requests of a client per 10 s (RATE_LIMIT_MAX)');
  expect(await descendants(run.pid, 'console/main.ts')).toEqual([]);
});

test('the console refuses to start in production', async () => {
  await using alone = spawnNpmStart({ ...env, NODE_ENV: 'production' }, [
    process.execPath,
    path.resolve('lab/console/main.ts'),
  ]);
  expect(await alone.ended).toBe(1);
  expect(alone.complaints()).toBe('The console is for development: it does not start in production.\n');
});

test('the console prints its address when it runs alone', async () => {
  await using alone = spawnNpmStart({ ...env, CONSOLE_METRICS_URL: 'http://127.0.0.1:1/metrics' }, [
    process.execPath,
    path.resolve('lab/console/main.ts'),
  ]);
  const ask = asPage(await alone.find(/Console: (http:\S+)/));
  await expect.poll(async () => (await ask('/api/overview'))['service'], soon).toBe('down');
});
