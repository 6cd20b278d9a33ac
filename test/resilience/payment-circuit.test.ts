import { describe, expect, test } from 'vitest';
import { quietWorker } from '../support/clients/settings.ts';
import { approve, fail, type ScriptedAnswer } from '../support/processes/scripted-gateway.ts';
import type { Replica } from '../support/processes/spawn-service.ts';
import { spawnWithScript } from '../support/processes/spawn-with-script.ts';
import { hiccup, timed } from '../support/clients/timing.ts';

const volume = 6;

/** One attempt per order, so that the number of orders is the number of attempts. The circuit stays open during a test. */
const plainBreaker = {
  ...quietWorker,
  // No attempt ends by itself, and no failure leaves the window, on a busy machine.
  PAYMENT_ATTEMPT_TIMEOUT: '20s',
  PAYMENT_DEADLINE: '20s',
  PAYMENT_MAX_ATTEMPTS: '1',
  BREAKER_VOLUME: String(volume),
  BREAKER_ERROR_SHARE: '0.5',
  BREAKER_WINDOW: '1m',
  BREAKER_OPEN_FOR: '1h',
};
/** Its circuit is half-open after a moment, until a probe is sent. */
const briefly = { BREAKER_OPEN_FOR: '500ms' };

async function circuitState({ adminUrl }: Replica) {
  const status = (await (await fetch(`${adminUrl}/status`)).json()) as {
    circuitBreakers: { payment: string };
  };
  return status.circuitBreakers.payment;
}

const changes = ({ logs }: Replica) =>
  logs
    .filter((line) => line['event'] === 'circuit_breaker.changed')
    .map(({ from, to }) => `${String(from)} -> ${String(to)}`);

async function spawnWithBreaker(env: Record<string, string> = plainBreaker) {
  const spawned = await spawnWithScript(approve, env);
  const placeStatuses = async (count: number) => {
    const statuses = [];
    for (let order = 0; order < count; order += 1) statuses.push((await spawned.service.api.place()).status);
    return statuses;
  };
  return { ...spawned, placeStatuses };
}

/** A service whose circuit has just opened, after `volume` failures. */
async function spawnWithOpenCircuit(env: Record<string, string> = {}) {
  const spawned = await spawnWithBreaker({ ...plainBreaker, ...env });
  spawned.gateway.follow(fail);
  await spawned.placeStatuses(volume);
  expect(changes(spawned.service)[0]).toBe('closed -> open');
  return spawned;
}

const becomesHalfOpen = (service: Replica) =>
  expect.poll(() => circuitState(service), { interval: 10 }).toBe('half_open');

describe('the payment circuit', () => {
  test('the payment circuit stays closed on a few early failures', async () => {
    await using spawned = await spawnWithBreaker();
    spawned.gateway.follow(fail);
    await spawned.placeStatuses(volume - 1);
    expect(await circuitState(spawned.service)).toBe('closed');

    spawned.gateway.follow(approve);
    expect(await spawned.placeStatuses(1)).toEqual([201]);
    expect(changes(spawned.service)).toEqual([]);
  });

  test('the payment circuit opens above the error share, and reports it in the log and at /status', async () => {
    await using spawned = await spawnWithOpenCircuit();
    expect(await circuitState(spawned.service)).toBe('open');
    const line = spawned.service.logs.find(({ event }) => event === 'circuit_breaker.changed');
    expect(line).toMatchObject({ level: 'warn', breaker: 'payment', from: 'closed', to: 'open' });
  });

  test('orders are pending at once while the payment circuit is open, without a call to the gateway', async () => {
    await using spawned = await spawnWithOpenCircuit();
    const { service, gateway } = spawned;
    const seen = gateway.charges.length;
    const { result, took } = await timed(() =>
      Promise.all(Array.from({ length: 10 }, () => service.api.place())),
    );

    for (const { status, body } of result) {
      expect([status, body.status]).toEqual([202, 'pending']);
      expect((await service.api.get(`/orders/${body.id}`)).body.status).toBe('pending');
    }
    expect(took).toBeLessThan(2 * hiccup);
    expect(gateway.charges).toHaveLength(seen);
  });

  test('the half-open payment circuit sends one probe, leaves other orders pending at once, and closes when the probe succeeds', async () => {
    await using spawned = await spawnWithOpenCircuit(briefly);
    const { service, gateway } = spawned;
    const held = Promise.withResolvers<ScriptedAnswer>();
    gateway.follow(() => held.promise);
    const seen = gateway.charges.length;
    await becomesHalfOpen(service);

    const answered: number[] = [];
    const orders = Array.from({ length: 8 }, async () => answered.push((await service.api.place()).status));
    await expect.poll(() => answered).toEqual(Array.from({ length: 7 }, () => 202));
    expect(gateway.charges).toHaveLength(seen + 1);

    const probe = gateway.charges.at(-1);
    if (probe === undefined) throw new Error('no probe arrived');
    gateway.follow(approve);
    held.resolve(approve(probe));
    await Promise.all(orders);
    expect(answered.at(-1)).toBe(201);
    expect(await circuitState(service)).toBe('closed');
    expect(changes(service)).toEqual(['closed -> open', 'open -> half_open', 'half_open -> closed']);
  });

  test('the payment circuit opens again when the probe fails, and closes when a later one succeeds', async () => {
    await using spawned = await spawnWithOpenCircuit(briefly);
    const { service, gateway } = spawned;
    const timesHalfOpen = () => changes(service).filter((change) => change === 'open -> half_open').length;
    await becomesHalfOpen(service);
    expect(await spawned.placeStatuses(2)).toEqual([202, 202]);
    // On a busy machine the second order may be a probe, too: the circuit is half-open again.
    expect(gateway.charges.length).toBeGreaterThan(volume);
    expect(gateway.charges.length).toBeLessThanOrEqual(volume + timesHalfOpen());

    gateway.follow(approve);
    await becomesHalfOpen(service);
    expect(await spawned.placeStatuses(3)).toEqual([201, 201, 201]);
    const failed = Array.from({ length: timesHalfOpen() - 1 }, () => [
      'open -> half_open',
      'half_open -> open',
    ]);
    expect(changes(service)).toEqual([
      'closed -> open',
      ...failed.flat(),
      'open -> half_open',
      'half_open -> closed',
    ]);
    expect(changes(service)).toContain('half_open -> open');
  });

  test('the payment circuit forgets an outage once it has closed', async () => {
    await using spawned = await spawnWithOpenCircuit(briefly);
    spawned.gateway.follow(approve);
    await becomesHalfOpen(spawned.service);
    await spawned.placeStatuses(1);

    spawned.gateway.follow(fail);
    await spawned.placeStatuses(volume - 1);
    expect(await circuitState(spawned.service)).toBe('closed');
    await spawned.placeStatuses(1);
    const [, , , opened] = changes(spawned.service);
    expect(opened).toBe('closed -> open');
  });

  test('the payment circuit never opens on declined cards', async () => {
    await using spawned = await spawnWithBreaker();
    spawned.gateway.follow(() => ({ status: 402, body: { status: 402, declineCode: 'insufficient_funds' } }));
    expect(new Set(await spawned.placeStatuses(100))).toEqual(new Set([402]));
    expect(changes(spawned.service)).toEqual([]);
    expect(spawned.gateway.charges).toHaveLength(100);
  });

  test('the payment circuit ends the retries of the order that opened it', async () => {
    await using spawned = await spawnWithBreaker({ ...plainBreaker, PAYMENT_MAX_ATTEMPTS: '20' });
    spawned.gateway.follow(fail);
    const { result, took } = await timed(() => spawned.service.api.place());

    expect([result.status, result.body.status]).toEqual([202, 'pending']);
    expect(spawned.gateway.charges).toHaveLength(volume);
    expect(took).toBeLessThan(2 * hiccup);
  });
});
