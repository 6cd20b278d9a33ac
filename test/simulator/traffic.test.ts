import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTraffic, type TrafficResult } from '../../lab/traffic/traffic.ts';
import { type TrafficKind, trafficMix } from '../../lab/traffic/mix.ts';
import { type SpawnedService, spawnReplica, spawnService } from '../support/processes/spawn-service.ts';

let service: SpawnedService;
beforeAll(async () => {
  // The orders of those who cancel stay pending after it.
  service = await spawnService({ PAYMENT_ATTEMPT_TIMEOUT: '2s', PAYMENT_DEADLINE: '2s' });
});
afterAll(() => service.close());

/** Sends traffic until `count` requests have a result. */
async function answersOf(
  count: number,
  options: { urls?: string[]; apiKey?: string } = {},
): Promise<TrafficResult[]> {
  const results: TrafficResult[] = [];
  const enough = Promise.withResolvers<void>();
  const traffic = createTraffic({
    urls: [service.url],
    apiKey: 'shop-key',
    ...options,
    rate: 100,
    onResult(result) {
      results.push(result);
      if (results.length >= count) enough.resolve();
    },
  });
  await enough.promise;
  await traffic.stop();
  return results;
}

test('every kind of visit gets its expected answers', async () => {
  const results = await answersOf(80);
  const statuses = new Map<TrafficKind, Set<string>>();
  for (const { kind, status, failure } of results) {
    statuses.set(kind, (statuses.get(kind) ?? new Set()).add(String(status ?? failure)));
  }
  const allowed: Record<TrafficKind, string[]> = {
    paid: ['201'],
    declined: ['402'],
    // With several replicas, the second could arrive while the first is in progress; here they are sequential.
    repeated: ['201', '200'],
    retried: ['201'],
    // Slower than the others, which a busy machine may make too slow.
    slow: ['201', '202'],
    cancelled: ['202', '200'],
    reused_key: ['201', '422'],
    invalid: ['400'],
    unauthenticated: ['401'],
    read: ['200', '201'],
    not_found: ['404'],
    listed: ['200'],
  };
  expect([...statuses.keys()].toSorted()).toEqual(Object.keys(trafficMix).toSorted());
  for (const [kind, seen] of statuses) {
    for (const status of seen)
      expect([kind, allowed[kind]]).toEqual([kind, expect.arrayContaining([status])]);
  }
});

test('traffic goes to several replicas in turn', async () => {
  await using other = await spawnReplica(service);
  await answersOf(40, { urls: [service.url, other.url] });
  const requests = other.logs.filter(({ event }) => event === 'http.request');
  expect(requests.length).toBeGreaterThan(10);
});

test('an unreachable service gives results without a status', async () => {
  const results = await answersOf(5, { urls: ['http://127.0.0.1:1'] });
  for (const { status, failure } of results) expect([status, failure]).toEqual([undefined, 'ECONNREFUSED']);
});

/** The traffic process as a user starts it. */
function startTraffic(env: Readonly<Record<string, string>>) {
  const child = fork('lab/traffic/main.ts', {
    env: { ...process.env, TRAFFIC_URLS: service.url, ...env },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return { child, output: () => output };
}

test('the traffic process waits for the service, changes its rate on request and ends with a summary', async () => {
  const { child, output } = startTraffic({
    TRAFFIC_API_KEY: 'shop-key',
    TRAFFIC_RATE: '0',
    TRAFFIC_PORT: '0',
    TRAFFIC_GREETING: 'Come in.',
  });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  const rate = async (body?: object) => {
    const response = await fetch(`${url}/rate`, {
      method: body ? 'PUT' : 'GET',
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as { rate: number } };
  };
  await expect.poll(output).toContain('Come in.');
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect((await rate()).body.rate).toBe(0);
  expect((await rate({ rate: -1 })).status).toBe(400);

  const before = service.logs.length;
  expect((await rate({ rate: 50 })).body.rate).toBe(50);
  await expect.poll(() => service.logs.length, { timeout: 10_000 }).toBeGreaterThan(before + 5);
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  expect(await exited).toEqual([0, null]);
  expect(output()).toMatch(/\d+ requests: .*201 × \d+.*p50 \d+ ms, p99 \d+ ms/);
});

test('the traffic process is unhealthy while no request is served', async () => {
  const { child } = startTraffic({
    // The service answers each request, with 401.
    TRAFFIC_API_KEY: 'a-wrong-key',
    TRAFFIC_RATE: '50',
    TRAFFIC_PORT: '0',
  });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  const health = async () => {
    const response = await fetch(`${url}/health`);
    return [response.status, await response.text()];
  };
  await expect
    .poll(health)
    .toEqual([
      503,
      expect.stringMatching(/the last \d+ requests failed, the last with an answer with 4\d\d/),
    ]);
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  expect(await exited).toEqual([0, null]);
});

test('the traffic process finds the service behind a replica that accepts requests and never answers', async () => {
  const frozen = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(frozen, 'listening');
  const { port } = frozen.address() as AddressInfo;
  const { child, output } = startTraffic({
    TRAFFIC_URLS: `http://127.0.0.1:${port},${service.url}`,
    TRAFFIC_RATE: '0',
  });
  const exited = once(child, 'exit');
  try {
    await expect.poll(output, { timeout: 20_000 }).toContain('Sending 0 requests a second');
  } finally {
    child.kill('SIGINT');
    await exited;
    frozen.closeAllConnections();
    frozen.close();
  }
});
