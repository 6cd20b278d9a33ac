import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestConsole, type TestConsole } from '../support/processes/console.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';

// Simulated customers of the console, with a real service.

let service: SpawnedService;
let shown: TestConsole;
beforeAll(async () => {
  // No charge is given up on a busy machine.
  service = await spawnService({
    LOG_LEVEL: 'error',
    PAYMENT_ATTEMPT_TIMEOUT: '20s',
    PAYMENT_DEADLINE: '20s',
  });
  shown = await startTestConsole({
    targets: {
      apiUrl: service.url,
      apiKey: 'shop-key',
      metricsUrl: `${service.adminUrl}/metrics`,
      gatewayUrl: service.gateway.url,
    },
  });
});
afterAll(async () => {
  await shown[Symbol.asyncDispose]();
  await service.close();
});

const soon = { timeout: 20_000 };
const traffic = async () => (await shown.call('GET', '/api/traffic')).body as Traffic;

interface Traffic {
  running: boolean;
  rate: number;
  burstUntil?: number;
  mix: Array<{ kind: string }>;
  outcomes: Array<{ kind: string; outcome: string; count: number }>;
}

test('the console starts traffic, counts its answers and stops it', async () => {
  const { mix } = await traffic();
  const weights = Object.fromEntries(mix.map(({ kind }) => [kind, kind === 'paid' ? 1 : 0]));
  expect(await shown.call('PUT', '/api/traffic', { body: { rate: 50, weights } })).toMatchObject({
    body: { running: true, rate: 50 },
  });
  const many = expect.toSatisfy((count: number) => count > 20) as number;
  await expect
    .poll(async () => (await traffic()).outcomes, soon)
    .toEqual([{ kind: 'paid', outcome: '201', count: many }]);
  await expect
    .poll(() => shown.call('GET', '/api/overview'), soon)
    .toMatchObject({ body: { orders: { paid: many } } });

  expect(await shown.call('DELETE', '/api/traffic')).toMatchObject({ body: { running: false, rate: 0 } });
  const [outcome] = (await traffic()).outcomes;
  expect((await service.gateway.ledger()).totals.captured).toBe(outcome?.count);
});

test('a burst returns to the previous rate', async () => {
  await shown.call('PUT', '/api/traffic', { body: { rate: 5 } });
  expect(await shown.call('POST', '/api/traffic/burst', { body: { rate: 60, seconds: 1 } })).toMatchObject({
    body: { rate: 60, burstUntil: expect.any(Number) as number },
  });
  await expect.poll(async () => (await traffic()).rate, soon).toBe(5);
  await shown.call('DELETE', '/api/traffic');
});

test('a burst without traffic ends without traffic', async () => {
  expect(await shown.call('POST', '/api/traffic/burst', { body: { rate: 20, seconds: 1 } })).toMatchObject({
    body: { running: true },
  });
  await expect.poll(async () => (await traffic()).running, soon).toBe(false);
});

test.each([
  ['too high a rate', { rate: 501 }],
  ['a negative rate', { rate: -1 }],
  ['an unknown kind of visit', { rate: 5, weights: { stolen: 1 } }],
  ['a mix without weights', { rate: 5, weights: { paid: 0 } }],
])('PUT /api/traffic refuses %s', async (_what, body) => {
  expect((await shown.call('PUT', '/api/traffic', { body })).status).toBe(400);
  expect(await traffic()).toMatchObject({ running: false });
});
