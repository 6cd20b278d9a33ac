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

// Faults as the console sets and shows them, on a simulator of its own.

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

test('a scenario is set, shown over its time, and gone again', async () => {
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

test('every knob of the simulator is there, with its meaning', async () => {
  const { body } = await shown.call('GET', '/api/faults');
  const { controls } = body as { controls: Array<{ name: string; meaning: string }> };
  const settings = (await (await fetch(`${simulator.url}/faults`)).json()) as object;
  expect(controls.map(({ name }) => name)).toEqual(Object.keys(settings));
  expect(controls.filter(({ name, meaning }) => meaning === name)).toEqual([]);
});

test('what somebody else sets shows as well', async () => {
  await createGatewayControl(simulator.url).setFaults({ latencyMs: 200, errorRate: 0.1 });
  await expect.poll(windows, soon).toMatchObject([{ label: 'latencyMs 200, errorRate 0.1' }]);
});

test('the simulator says itself what it does not take', async () => {
  expect(await shown.call('PUT', '/api/faults', { body: { errorRate: 2 } })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/errorRate', detail: 'must be a number from 0 to 1' }] },
  });
});

test('a simulator that is gone is said to be, and its faults end with it', async () => {
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

test('a gateway that is not the simulator is left alone', async () => {
  shown.watch(nobody);
  expect(await shown.call('PUT', '/api/faults', { body: { errorRate: 1 } })).toMatchObject({ status: 404 });
});

describe('the network', () => {
  const faultState = async () => (await shown.call('GET', '/api/faults')).body as FaultState;

  /** The address that a wire stands in for, with the wire in between. */
  async function connect(name: string, target: string): Promise<string> {
    const url = new URL(target);
    url.host = await simulator.network.connect(name, `tcp://${url.host}`);
    await expect
      .poll(async () => (await faultState()).network.map((proxy) => proxy.name), soon)
      .toContain(name);
    return url.href;
  }

  /** As its button does. */
  async function press(id: string) {
    const scenario = (await faultState()).networkScenarios.find((each) => each.id === id);
    const { proxy, enabled, toxics } = scenario ?? { proxy: `none for ${id}` };
    const answer = await shown.call('PUT', `/api/wires/${proxy}`, { body: { enabled, toxics } });
    expect(answer).toMatchObject({ status: 200 });
    expect((await faultState()).network.find(({ name }) => name === proxy)).toMatchObject({ scenario: id });
  }

  test('to Postgres is broken and restored: orders are refused as promised, and placed again', async () => {
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
    expect(await placed()).toBe(201);

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

  test('one restore is for everything', async () => {
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

  test('is described by what is set of it, whoever has set it', async () => {
    await connect('postgres', 'tcp://127.0.0.1:1');
    const toxics = [
      { type: 'latency', latency: 200, jitter: 20 },
      { type: 'reset_peer', timeout: 500 },
    ];
    await fetch(`${simulator.url}/wires/postgres`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ enabled: false, toxics }),
    });
    await expect
      .poll(windows, soon)
      .toMatchObject([{ label: 'postgres: cut, latency 200 jitter 20, reset_peer timeout 500' }]);
    expect((await faultState()).network).toEqual([
      { name: 'postgres', upstream: '127.0.0.1:1', enabled: false, toxics, scenario: null },
    ]);
  });

  test('has scenarios for the wires that there are', async () => {
    expect(await faultState()).toMatchObject({ network: [], networkScenarios: [] });
    await connect('redis', 'tcp://127.0.0.1:1');
    const offered = (await faultState()).networkScenarios;
    expect(offered.map(({ id }) => id)).toEqual(['redis-slow', 'redis-refused']);
  });

  test('is refused what the simulator does not take, in its words', async () => {
    await connect('postgres', 'tcp://127.0.0.1:1');
    const body = { toxics: [{ type: 'bandwidth', rate: 0 }] };
    expect(await shown.call('PUT', '/api/wires/postgres', { body })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/toxics/0/rate', detail: 'must be a whole number from 1 to 1000000' }] },
    });
    expect(await shown.call('PUT', '/api/wires/nowhere', { body: {} })).toMatchObject({
      status: 404,
      body: { code: 'wire_not_found' },
    });
    // No name leads to another route of the simulator.
    expect(await shown.call('PUT', '/api/wires/..%2Ffaults', { body: {} })).toMatchObject({ status: 400 });
  });

  test('has each of its knobs, with a meaning', async () => {
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

  const rehearsed = networkScenarios.flatMap((scenario) => {
    const experiment = catalogue.find(({ name }) => name === scenario.id);
    return experiment === undefined ? [] : [{ id: scenario.id, scenario, experiment }];
  });
  test.each(rehearsed)('$id is what the chaos experiment of that name does', ({ scenario, experiment }) => {
    const { proxy, enabled, toxics } = scenario;
    expect(experiment.faults).toContainEqual(
      enabled ? { kind: 'network', to: proxy, toxics } : { kind: 'cut', to: proxy },
    );
  });
});
