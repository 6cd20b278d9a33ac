import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { networkScenarios } from '../../lab/console/faults/network-scenarios.ts';
import type { FaultState } from '../../lab/console/api-types.ts';
import { startSimulator, type Simulator } from '../../lab/simulator/server.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';
import { catalogue } from '../../lab/chaos/catalogue.ts';
import { startTestConsole, type TestConsole } from '../support/processes/console.ts';
import { createTestDatabase } from '../support/processes/database.ts';
import { createGatewayControl } from '../../lab/harness/gateway-control.ts';
import { quietWorker } from '../support/clients/settings.ts';
import { spawnReplica } from '../support/processes/spawn-service.ts';

// Faults as the console sets and shows them, each test with its own simulator.

let simulator: Simulator;
let shown: TestConsole;
const nobody = { apiUrl: 'http://127.0.0.1:1', apiKey: 'none', metricsUrl: 'http://127.0.0.1:1/metrics' };
beforeEach(async () => {
  const logger = createLogger({ service: 'payment-gateway', level: 'silent' });
  simulator = await startSimulator({ host: '127.0.0.1', port: 0, logger });
  shown = await startTestConsole({ targets: { ...nobody, gatewayUrl: simulator.url } });
});
afterEach(async () => {
  await shown[Symbol.asyncDispose]();
  await simulator.close();
});

const soon = { timeout: 10_000 };
const windows = async () => ((await shown.call('GET', '/api/overview')).body as { faults: object[] }).faults;

test('the console sets a scenario, shows its time window and takes it back', async () => {
  const { body } = await shown.call('GET', '/api/faults');
  const { scenarios } = body as { scenarios: Array<{ title: string; settings: object }> };
  const down = scenarios.find(({ title }) => title === 'Gateway down');
  expect(await shown.call('PUT', '/api/faults', { body: down?.settings })).toMatchObject({
    status: 200,
    body: { settings: { errorRate: 1, timeoutRate: 0 } },
  });
  expect(await windows()).toEqual([{ from: expect.any(Number) as number, label: 'Gateway down' }]);

  expect(await shown.call('DELETE', '/api/faults')).toMatchObject({ body: { settings: { errorRate: 0 } } });
  expect(await windows()).toMatchObject([{ label: 'Gateway down', to: expect.any(Number) as number }]);
});

test('the console offers every setting of the simulator with its meaning', async () => {
  const { body } = await shown.call('GET', '/api/faults');
  const { controls } = body as { controls: Array<{ name: string; meaning: string }> };
  const settings = (await (await fetch(`${simulator.url}/faults`)).json()) as object;
  expect(controls.map(({ name }) => name)).toEqual(Object.keys(settings));
  expect(controls.filter(({ name, meaning }) => meaning === name)).toEqual([]);
});

test('the console shows a fault that another client sets', async () => {
  await createGatewayControl(simulator.url).setFaults({ latencyMs: 200, errorRate: 0.1 });
  await expect.poll(windows, soon).toMatchObject([{ label: '200 ms slower, 10 % answered 500' }]);
});

test('the console passes on why the simulator rejects a setting', async () => {
  expect(await shown.call('PUT', '/api/faults', { body: { errorRate: 2 } })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/errorRate', detail: 'must be a number from 0 to 1' }] },
  });
});

test('the console reports a stopped simulator and ends its fault window', async () => {
  await shown.call('PUT', '/api/faults', { body: { errorRate: 1 } });
  await simulator.close();
  expect(await shown.call('PUT', '/api/faults', { body: {} })).toMatchObject({
    status: 502,
    body: { code: 'simulator_unavailable' },
  });
  await expect
    .poll(windows, soon)
    .toMatchObject([{ label: 'Gateway down', to: expect.any(Number) as number }]);
  expect(shown.defects).toEqual([]);
});

test('the console sets no fault without a simulator', async () => {
  shown.watch(nobody);
  expect(await shown.call('PUT', '/api/faults', { body: { errorRate: 1 } })).toMatchObject({ status: 404 });
});

describe('the network', () => {
  const faultState = async () => (await shown.call('GET', '/api/faults')).body as FaultState;

  /** The target's URL with a proxy's address in place of its own. */
  async function connect(name: string, target: string): Promise<string> {
    const url = new URL(target);
    url.host = await simulator.network.connect(name, `tcp://${url.host}`);
    await expect
      .poll(async () => (await faultState()).network.map((proxy) => proxy.name), soon)
      .toContain(name);
    return url.href;
  }

  /** Sets a scenario as its button does. */
  async function press(id: string) {
    const scenario = (await faultState()).networkScenarios.find((each) => each.id === id);
    const { proxy, enabled, toxics } = scenario ?? { proxy: `none for ${id}` };
    const answer = await shown.call('PUT', `/api/network/${proxy}`, { body: { enabled, toxics } });
    expect(answer).toMatchObject({ status: 200 });
    expect((await faultState()).network.find(({ name }) => name === proxy)).toMatchObject({ scenario: id });
  }

  test('orders are refused while the network to Postgres is broken and placed again once it is restored', async () => {
    await using stack = new AsyncDisposableStack();
    const database = await createTestDatabase();
    stack.defer(() => database.drop());
    const service = stack.use(
      await spawnReplica(
        {
          database: { ...database, url: await connect('postgres', database.url) },
          gateway: createGatewayControl(await connect('gateway', simulator.url)),
        },
        { ...quietWorker, DATABASE_CONNECT_TIMEOUT: '200ms', DATABASE_DEADLINE: '500ms' },
      ),
    );
    const placed = async () => (await service.api.place()).status;
    await expect.poll(placed, soon).toBe(201);

    for (const id of ['postgres-unreachable', 'postgres-refused']) {
      await press(id);
      const { status, body } = await service.api.place();
      expect({ status, body }).toMatchObject({ status: 503, body: { code: 'database_unavailable' } });
      expect(await shown.call('DELETE', '/api/faults')).toMatchObject({ status: 200 });
      await expect.poll(placed, soon).toBe(201);
    }
    await press('gateway-unreachable');
    expect(await placed()).toBe(202);
    await shown.call('DELETE', '/api/faults');
    await expect.poll(placed, soon).toBe(201);
    expect((await windows()).map((each) => ('label' in each ? each.label : ''))).toEqual([
      'Postgres unreachable',
      'Postgres refused',
      'Gateway unreachable',
    ]);
  });

  test('one restore resets the faults of the gateway and of the network', async () => {
    await connect('postgres', 'tcp://127.0.0.1:1');
    await press('postgres-slow');
    await shown.call('PUT', '/api/faults', { body: { errorRate: 1 } });
    expect((await windows()).at(-1)).toMatchObject({ label: 'Gateway down and Postgres slow' });
    const { body } = await shown.call('DELETE', '/api/faults');
    expect(body).toMatchObject({
      settings: { errorRate: 0 },
      network: [{ name: 'postgres', enabled: true, toxics: [], scenario: null }],
    });
    expect((await windows()).at(-1)).toMatchObject({ to: expect.any(Number) as number });
  });

  test('the console describes a network fault by its settings, whichever client has set it', async () => {
    await connect('postgres', 'tcp://127.0.0.1:1');
    const toxics = [
      { type: 'latency', latency: 200, jitter: 20 },
      { type: 'reset_peer', timeout: 500 },
    ];
    await fetch(`${simulator.url}/network/postgres`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ enabled: false, toxics }),
    });
    await expect
      .poll(windows, soon)
      .toMatchObject([{ label: 'postgres: cut, 180 to 220 ms slower, reset after 500 ms' }]);
    expect((await faultState()).network).toEqual([
      { name: 'postgres', upstream: '127.0.0.1:1', enabled: false, toxics, scenario: null },
    ]);
  });

  test('the console offers network scenarios only for existing proxies', async () => {
    expect(await faultState()).toMatchObject({ network: [], networkScenarios: [] });
    await connect('redis', 'tcp://127.0.0.1:1');
    const offered = (await faultState()).networkScenarios;
    expect(offered.map(({ id }) => id)).toEqual(['redis-slow', 'redis-refused']);
  });

  test('the console passes on why the simulator rejects a network setting', async () => {
    await connect('postgres', 'tcp://127.0.0.1:1');
    const body = { toxics: [{ type: 'bandwidth', rate: 0 }] };
    expect(await shown.call('PUT', '/api/network/postgres', { body })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/toxics/0/rate', detail: 'must be a whole number from 1 to 1000000' }] },
    });
    expect(await shown.call('PUT', '/api/network/nowhere', { body: {} })).toMatchObject({
      status: 404,
      body: { code: 'proxy_not_found' },
    });
    // A name cannot reach another route of the simulator.
    expect(await shown.call('PUT', '/api/network/..%2Ffaults', { body: {} })).toMatchObject({ status: 400 });
  });

  test('the console offers every network setting with its meaning', async () => {
    const { toxicControls } = await faultState();
    expect(toxicControls.map(({ name }) => name)).toEqual([
      'latency',
      'jitter',
      'bandwidth',
      'timeout',
      'reset_peer',
      'slow_close',
    ]);
    expect(toxicControls.filter(({ meaning }) => meaning.length < 10)).toEqual([]);
  });

  const shared = networkScenarios.flatMap((scenario) => {
    const experiment = catalogue.find(({ name }) => name === scenario.id);
    return experiment === undefined ? [] : [{ id: scenario.id, scenario, experiment }];
  });
  test.each(shared)(
    'scenario $id sets the fault of the chaos experiment with the same name',
    ({ scenario, experiment }) => {
      const { proxy, enabled, toxics } = scenario;
      expect(experiment.faults).toContainEqual(
        enabled ? { kind: 'network', to: proxy, toxics } : { kind: 'cut', to: proxy },
      );
    },
  );
});
