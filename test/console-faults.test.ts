import { afterEach, beforeEach, expect, test } from 'vitest';
import { startSimulator, type Simulator } from '../src/simulator/server.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { startTestConsole, type TestConsole } from './support/console.ts';
import { createGatewayControl } from './support/gateway-control.ts';

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
  const { knobs } = body as { knobs: Array<{ name: string; meaning: string }> };
  const settings = (await (await fetch(`${simulator.url}/faults`)).json()) as object;
  expect(knobs.map(({ name }) => name)).toEqual(Object.keys(settings));
  expect(knobs.filter(({ name, meaning }) => meaning === name)).toEqual([]);
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
