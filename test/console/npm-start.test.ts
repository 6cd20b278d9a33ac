import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NetworkScenario } from '../../lab/console/api-types.ts';
import {
  descendants,
  killNow,
  soon,
  startExplore,
  stillRunning,
} from '../support/processes/npm-start-process.ts';
import { startOtlpReceiver } from '../../lab/harness/otlp-receiver.ts';

// The console as `npm start` brings it.

let dataDir: string;
let env: Record<string, string>;
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'console-explore-test-'));
  env = { DATA_DIR: dataDir };
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const pageLine = /Console +(http:\S+)/;
const apiLine = /API +(http:\S+)/;
const bannerEnd = /(Ctrl-C stops everything)/;

async function placeOrder(apiUrl: string): Promise<{ status: number; id: string; traceId: string }> {
  const response = await fetch(`${apiUrl}/orders`, {
    method: 'POST',
    headers: { authorization: 'Bearer demo-key', 'content-type': 'application/json' },
    body: JSON.stringify({
      customerId: 'cus_42',
      currency: 'EUR',
      items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
      paymentToken: 'tok_visa',
    }),
  });
  const { id } = (await response.json()) as { id: string };
  return { status: response.status, id, traceId: response.headers.get('traceparent')?.split('-')[1] ?? '' };
}

/** Asks the console as its page does. */
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

test('every order is there with its trace, its lines, its charge and its metrics', async () => {
  await using explore = startExplore(env);
  const ask = asPage(await explore.find(pageLine));
  const { id, traceId } = await placeOrder(await explore.find(apiLine));

  const traceOf = async () => {
    const { spans = [], logs = [] } = await ask(`/api/traces/${traceId}`);
    return { spans: (spans as object[]).length, logs: (logs as object[]).length };
  };
  // Those of the service, and that of the gateway; the line of each of them.
  await expect.poll(traceOf, soon).toEqual({ spans: 7, logs: 2 });
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
      // Not alone: reading the order above was a request, too.
      exemplars: expect.arrayContaining([
        expect.objectContaining({ traceId, name: 'POST /orders' }),
      ]) as unknown[],
    });
});

test('the network of the service breaks for it alone, and is restored', async () => {
  await using explore = startExplore({
    ...env,
    DATABASE_CONNECT_TIMEOUT: '200ms',
    DATABASE_DEADLINE: '500ms',
  });
  const ask = asPage(await explore.find(pageLine));
  const apiUrl = await explore.find(apiLine);
  await explore.find(bannerEnd);
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
  expect(explore.complaints()).toBe('');
});

test('a Collector of the user gets all of it too', async () => {
  await using collector = await startOtlpReceiver();
  await using explore = startExplore({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  const ask = asPage(await explore.find(pageLine));
  const { traceId } = await placeOrder(await explore.find(apiLine));
  await collector.waitForTrace(traceId, 7);
  await collector.waitForLog((line) => line.traceId === traceId);
  expect(await ask(`/api/traces/${traceId}`)).toMatchObject({ traceId });
});

test('without the console the service goes on', async () => {
  await using explore = startExplore(env);
  const apiUrl = await explore.find(apiLine);
  await explore.find(bannerEnd);
  for (const pid of await descendants(explore.pid, 'console/main.ts')) killNow(pid);
  await explore.find(/(The console has ended, by SIGKILL\. The service goes on without it\.)/);
  expect(await placeOrder(apiUrl)).toMatchObject({ id: expect.stringMatching(/-/) as string });

  const family = await descendants(explore.pid);
  process.kill(explore.pid, 'SIGINT');
  expect(await explore.ended).toBe(0);
  await expect.poll(() => stillRunning(family), soon).toEqual([]);
});

test('it can be left out', async () => {
  await using explore = startExplore({ ...env, CONSOLE: 'off' });
  await explore.find(bannerEnd);
  expect(explore.output()).not.toContain('Console');
  expect(await descendants(explore.pid, 'console/main.ts')).toEqual([]);
});

test('in production there is none', async () => {
  await using alone = startExplore({ ...env, NODE_ENV: 'production' }, [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    path.resolve('lab/console/main.ts'),
  ]);
  expect(await alone.ended).toBe(1);
  expect(alone.complaints()).toBe('The console is for development: it does not start in production.\n');
});

test('alone, it says where it is', async () => {
  await using alone = startExplore({ ...env, CONSOLE_METRICS_URL: 'http://127.0.0.1:1/metrics' }, [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    path.resolve('lab/console/main.ts'),
  ]);
  const ask = asPage(await alone.find(/Console: (http:\S+)/));
  await expect.poll(async () => (await ask('/api/overview'))['service'], soon).toBe('down');
});
