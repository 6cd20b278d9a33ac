import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createFaults, type FaultSettings } from '../../lab/simulator/faults.ts';
import { teaOrder } from '../support/clients/api-client.ts';
import { onlyRetries } from '../support/clients/settings.ts';
import { approve, busyFor, fail, type Script } from '../support/processes/scripted-gateway.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';
import { linesOf, spawnWithScript } from '../support/processes/spawn-with-script.ts';
import { hiccup, timed } from '../support/clients/timing.ts';

const chargeMore: Script = (charge) => approve({ ...charge, amountMinor: charge.amountMinor + 1 });

/** The faults that the simulator drew for its first requests under these settings. */
function drawn(faults: Partial<FaultSettings>, count: number) {
  const simulated = createFaults();
  simulated.replace(faults);
  return Array.from({ length: count }, () => simulated.draw('charge').fault);
}

describe('a gateway with transient faults', () => {
  let service: SpawnedService;
  beforeAll(async () => {
    service = await spawnService(onlyRetries);
    return () => service.close();
  });
  afterEach(() => service.gateway.clearFaults());

  async function placeUnder(faults: Partial<FaultSettings>, count: number) {
    await service.gateway.setFaults(faults);
    const placed = [];
    // One after the other, so that the seed alone decides which request meets which fault.
    for (let order = 0; order < count; order += 1) placed.push(await service.api.place());
    const charges = await Promise.all(placed.map(({ body }) => service.gateway.chargeOf(body.id)));
    const attempts = charges.reduce((sum, charge) => sum + (charge?.attempts ?? 0), 0);
    return { placed, charges, attempts };
  }

  test('a payment is retried after a 500, and the card is charged once', async () => {
    const { status, body } = await service.api.place({ ...teaOrder, paymentToken: 'tok_error_once' });

    expect(status).toBe(201);
    expect(await service.gateway.chargeOf(body.id)).toMatchObject({ attempts: 2, captures: 1 });
    expect(linesOf(service, 'payment.retry', body.id)).toEqual([
      expect.objectContaining({ level: 'warn', attempt: 1, reason: 'gateway_error' }),
    ]);
  });

  test('a payment is retried after a connection reset, whether the card was charged before it or not', async () => {
    const faults = { resetRate: 0.5, seed: 7 };
    const { placed, charges, attempts } = await placeUnder(faults, 20);

    expect(new Set(placed.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(charges.map((charge) => charge?.captures))).toEqual(new Set([1]));
    const resets = drawn(faults, attempts).filter(({ kind }) => kind === 'reset');
    expect(attempts).toBe(placed.length + resets.length);
    expect(new Set(resets.map((fault) => 'carriedOut' in fault && fault.carriedOut))).toEqual(
      new Set([true, false]),
    );
  });

  test('a payment is retried after a malformed answer, and the card is charged once', async () => {
    const faults = { malformedRate: 0.5, seed: 7 };
    const { placed, charges, attempts } = await placeUnder(faults, 20);

    expect(new Set(placed.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(charges.map((charge) => charge?.captures))).toEqual(new Set([1]));
    for (const [index, { body }] of placed.entries()) expect(body.paymentId).toBe(charges[index]?.chargeId);
    const unreadable = drawn(faults, attempts).filter(({ kind }) => kind === 'malformed');
    expect(new Set(unreadable.map((fault) => 'validJson' in fault && fault.validJson))).toEqual(
      new Set([true, false]),
    );
  });

  test('each of many concurrent orders is charged once under all transient faults together', async () => {
    await service.gateway.setFaults({ errorRate: 0.2, resetRate: 0.2, malformedRate: 0.2, seed: 7 });
    const placed = await Promise.all(Array.from({ length: 60 }, () => service.api.place()));
    const { charges } = await service.gateway.ledger();
    expect(charges.filter(({ captures }) => captures > 1)).toEqual([]);
    const chargeIds = new Set(charges.map(({ chargeId }) => chargeId));
    const wrong = placed.filter(({ status, body }) =>
      status === 201 ? !chargeIds.has(body.paymentId) : status !== 202 || body.status !== 'pending',
    );
    expect(wrong).toEqual([]);
    expect(placed.filter(({ status }) => status === 201).length).toBeGreaterThan(50);
  });
});

describe('an order whose payment stays undecided', () => {
  test('an order stays pending when the gateway reports another amount', async () => {
    await using scripted = await spawnWithScript(chargeMore, { ...onlyRetries, PAYMENT_MAX_ATTEMPTS: '3' });
    const { status, body } = await scripted.service.api.place();

    expect([status, body.status, body.paymentId]).toEqual([202, 'pending', null]);
    expect(scripted.gateway.charges).toHaveLength(3);
  });

  test('an order stays pending when the gateway refuses connections', async () => {
    await using scripted = await spawnWithScript(approve, { ...onlyRetries, PAYMENT_MAX_ATTEMPTS: '3' });
    await scripted.gateway.close();
    const { result, took } = await timed(() => scripted.service.api.place());

    expect([result.status, result.body.status]).toEqual([202, 'pending']);
    expect(took).toBeLessThan(scripted.service.config.payment.deadline / 2);
    expect(linesOf(scripted.service, 'payment.retry')).toMatchObject([
      { reason: 'unreachable', error_code: 'ECONNREFUSED' },
      { reason: 'unreachable', error_code: 'ECONNREFUSED' },
    ]);
    expect(linesOf(scripted.service, 'http.request').at(-1)).toMatchObject({
      payment_outcome: 'unavailable',
    });
  });

  test.each<[string, Script]>([
    ['never answers', () => 'silence'],
    ['fails at once', fail],
    ['fails slowly', () => delay(150, { status: 500 })],
    ['answers 429', busyFor(0)],
  ])('an order is answered as pending by the payment deadline when the gateway %s', async (_name, script) => {
    const deadline = 500;
    await using scripted = await spawnWithScript(script, {
      ...onlyRetries,
      PAYMENT_DEADLINE: `${deadline}ms`,
      PAYMENT_ATTEMPT_TIMEOUT: '200ms',
      PAYMENT_MAX_ATTEMPTS: '20',
      PAYMENT_BACKOFF_BASE: '50ms',
      PAYMENT_BACKOFF_FLOOR: '50ms',
    });
    const { result, took } = await timed(() => scripted.service.api.place());

    expect([result.status, result.body.status]).toEqual([202, 'pending']);
    expect(took).toBeLessThan(deadline + hiccup);
    expect(scripted.gateway.charges.length).toBeGreaterThan(1);
    const { payment_ms: inPayment } = linesOf(scripted.service, 'http.request').at(-1) ?? {};
    expect(Number(inPayment)).toBeLessThan(deadline + hiccup);
  });
});
