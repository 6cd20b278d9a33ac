import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ProblemBody } from '../support/clients/api-client.ts';
import { keepPlacingOrders } from '../support/clients/load-client.ts';
import { spawnServiceProcess } from '../../lab/harness/service-process.ts';
import {
  serviceEnvironment,
  type SpawnedService,
  spawnService,
  spawnSurroundings,
} from '../support/processes/spawn-service.ts';
import { hiccup, timed } from '../support/clients/timing.ts';

interface CallFrame {
  functionName: string;
  url: string;
}
interface CpuProfile {
  nodes: Array<{ id: number; callFrame: CallFrame }>;
  samples: number[];
  startTime: number;
  endTime: number;
}
interface HeapNode {
  callFrame: CallFrame;
  selfSize: number;
  children: HeapNode[];
}
interface HeapProfile {
  head: HeapNode;
  samples: Array<{ size: number; nodeId: number }>;
}

const profile = (adminUrl: string, path: string, init: RequestInit = {}) =>
  fetch(`${adminUrl}/profile/${path}`, { method: 'POST', ...init });

const ourFunctions = (frames: CallFrame[]) =>
  frames.filter(({ url }) => url.includes('/src/orders/')).map(({ functionName }) => functionName);

const inProduction = { NODE_ENV: 'production', API_KEYS: 'shop:a-key-that-is-long-enough' };

const nodesOf = (node: HeapNode): HeapNode[] => [node, ...node.children.flatMap(nodesOf)];

describe('under load', () => {
  let adminUrl: string;
  // A separate process, so that profiles sample the service and not the tests.
  beforeAll(async () => {
    await using started = new AsyncDisposableStack();
    const { database, gateway } = started.use(await spawnSurroundings());
    const service = await spawnServiceProcess({
      env: {
        ...serviceEnvironment(database.url, gateway.url),
        OTEL_SDK_DISABLED: 'true',
        LOG_LEVEL: 'warn',
        // A profile sends nothing until it ends.
        HTTP_SEND_TIMEOUT: '500ms',
      },
    });
    started.defer(() => service.kill());
    const load = [1, 2, 3, 4].map(() => keepPlacingOrders(service.url, []));
    started.defer(async () => {
      await service.stop();
      await Promise.all(load);
    });
    ({ adminUrl } = service);
    const owned = started.move();
    return () => owned.disposeAsync();
  });

  test('a CPU profile names the functions that ran', async () => {
    const response = await profile(adminUrl, 'cpu?seconds=2');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename="cpu-\d{8}T\d{6}Z\.cpuprofile"$/,
    );
    const { nodes, samples, startTime, endTime } = (await response.json()) as CpuProfile;
    expect(endTime - startTime).toBeGreaterThan(1_900_000);
    const known = new Set(nodes.map(({ id }) => id));
    // Samples need the processor, of which a busy machine gives the service little.
    expect(samples.length).toBeGreaterThan(50);
    expect(samples.every((id) => known.has(id))).toBe(true);
    expect(ourFunctions(nodes.map(({ callFrame }) => callFrame))).toContain('placeOrder');
  });

  test('a heap profile names the functions that allocated', async () => {
    const response = await profile(adminUrl, 'heap?seconds=2');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename="heap-\d{8}T\d{6}Z\.heapprofile"$/,
    );
    const { head, samples } = (await response.json()) as HeapProfile;
    const nodes = nodesOf(head);
    expect(samples.length).toBeGreaterThan(50);
    expect(nodes.reduce((total, { selfSize }) => total + selfSize, 0)).toBeGreaterThan(1_000_000);
    expect(ourFunctions(nodes.map(({ callFrame }) => callFrame))).not.toEqual([]);
  });
});

describe('a profile', () => {
  let service: SpawnedService;
  beforeAll(async () => {
    service = await spawnService();
    return () => service.close();
  });

  /** Resolves once the profile has started. */
  async function start(path: string): Promise<{ hangUp(): void; ended: Promise<unknown> }> {
    const controller = new AbortController();
    const before = started().length;
    const running = profile(service.adminUrl, path, { signal: controller.signal });
    await expect.poll(() => started().length).toBeGreaterThan(before);
    return {
      hangUp: () => controller.abort(),
      ended: running.then(
        (response) => response.status,
        () => 'lost',
      ),
    };
  }
  const lines = (event: string) => service.logs.filter((line) => line['event'] === event);
  const started = () => lines('profile.started');
  const ended = () => lines('profile.ended');

  test.each([
    ['a JSON body', { body: '{}', headers: { 'content-type': 'application/json' } }],
    ['a JSON type and no body', { headers: { 'content-type': 'application/json' } }],
    [
      'the empty form that `curl -d ""` sends',
      { body: '', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ],
  ])('a profile is taken for a request with %s', async (_what, init) => {
    expect((await profile(service.adminUrl, 'cpu?seconds=1', init)).status).toBe(200);
  });

  test('a profile is refused for a request with a body of another type', async () => {
    const refused = await profile(service.adminUrl, 'cpu?seconds=1', { body: 'x' });
    expect([refused.status, await refused.json()]).toMatchObject([415, { code: 'unsupported_media_type' }]);
  });

  test.each(['cpu', 'heap'])(
    'a profile is refused while a %s profile runs, and health checks are not',
    async (kind) => {
      const running = await start(`${kind}?seconds=60`);
      for (const other of ['cpu', 'heap']) {
        const refused = await profile(service.adminUrl, `${other}?seconds=1`);
        expect(refused.status).toBe(409);
        expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
        expect(await refused.json()).toMatchObject({
          type: '/problems/profile_in_progress',
          status: 409,
          code: 'profile_in_progress',
          title: expect.stringMatching(/./),
          detail: expect.stringMatching(/hangs up/),
        });
      }
      const { result, took } = await timed(() => fetch(`${service.adminUrl}/livez`));
      expect(result.status).toBe(200);
      expect(took).toBeLessThan(hiccup);
      expect((await service.api.place()).status).toBe(201);

      running.hangUp();
      expect(await running.ended).toBe('lost');
      await expect.poll(() => ended().at(-1)).toMatchObject({ profile: kind, outcome: 'abandoned' });
      expect((await profile(service.adminUrl, `${kind}?seconds=1`)).status).toBe(200);
    },
  );

  test('a profile takes ten seconds by default', async () => {
    const running = await start('cpu');
    expect(started().at(-1)).toMatchObject({ profile: 'cpu', seconds: 10 });
    running.hangUp();
    await running.ended;
  });

  test.each([
    'cpu?seconds=0',
    'cpu?seconds=61',
    'heap?seconds=1.5',
    'heap?seconds=ten',
    'cpu?seconds=',
    'cpu?seconds=1&seconds=2',
    'cpu?second=5',
  ])('a profile is refused for the invalid query of %s', async (path) => {
    const refused = await profile(service.adminUrl, path);
    expect(refused.status).toBe(400);
    expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const problem = (await refused.json()) as ProblemBody;
    expect(problem).toMatchObject({ code: 'invalid_request', errors: [{ in: 'query' }] });
  });
});

describe('a service of its own', () => {
  let service: SpawnedService;
  afterEach(() => service.close());

  test('a shutdown ends a running profile', async () => {
    service = await spawnService();
    const running = profile(service.adminUrl, 'cpu?seconds=60');
    await expect.poll(() => service.logs.some((line) => line['event'] === 'profile.started')).toBe(true);
    const { took } = await timed(() =>
      Promise.all([service.close(), expect(running).rejects.toThrow('fetch failed')]),
    );
    expect(took).toBeLessThan(2000 + hiccup);
    await expect
      .poll(() => service.logs.find((line) => line['event'] === 'profile.ended'))
      .toMatchObject({ outcome: 'abandoned' });
  });

  test.each([
    ['in production', inProduction],
    ['with PROFILING=off', { PROFILING: 'off' }],
  ] satisfies Array<[string, Record<string, string>]>)(
    'the service takes no profile %s',
    async (_when, env) => {
      service = await spawnService(env);
      for (const path of ['cpu', 'heap', 'cpu?seconds=0']) {
        const refused = await profile(service.adminUrl, path);
        expect(refused.status).toBe(403);
        expect(await refused.json()).toMatchObject({
          code: 'profiling_disabled',
          detail: expect.stringContaining('PROFILING=on'),
        });
      }
      expect(service.logs.filter((line) => line['event'] === 'profile.started')).toEqual([]);
    },
  );

  test('the service takes a profile in production with PROFILING=on', async () => {
    service = await spawnService({ ...inProduction, PROFILING: 'on' });
    expect((await profile(service.adminUrl, 'cpu?seconds=1')).status).toBe(200);
  });

  test('the public listener takes no profile', async () => {
    service = await spawnService();
    expect(await service.api.refused('POST', '/profile/cpu')).toMatchObject({
      status: 404,
      body: { code: 'route_not_found' },
    });
  });
});
