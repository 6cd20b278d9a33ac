import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FaultSettings } from '../../lab/simulator/faults.ts';
import { timed } from '../support/clients/timing.ts';
import { useSimulator, visa } from '../support/processes/simulator.ts';

const simulator = useSimulator();
const { call, callJson, charge, cancel, captures, fate, faults, ledger } = simulator;

async function seededRun() {
  await call('DELETE', '/ledger');
  await faults({ seed: 3, errorRate: 0.3, resetRate: 0.3, declineRate: 0.3, malformedRate: 0.3 });
  const fates: string[] = [];
  for (let i = 0; i < 25; i += 1) {
    // oxlint-disable-next-line no-await-in-loop -- a seed repeats for the same order of requests
    fates.push(await fate(`k${i}`));
  }
  const { charges } = await ledger();
  return { fates, charges: charges.map(({ key, status }) => ({ key, status })) };
}

describe('fault settings', () => {
  test('PUT /faults replaces all settings and DELETE restores the defaults', async () => {
    const none: FaultSettings = JSON.parse((await call('GET', '/faults')).text);
    expect(none).toMatchObject({ errorRate: 0, latencyMs: 0, slowSuccessDelayMs: 5000, seed: null });

    const put = (settings: object) => callJson('PUT', '/faults', { body: settings });
    expect((await put({ errorRate: 0.5, seed: 7 })).body).toEqual({ ...none, errorRate: 0.5, seed: 7 });
    expect((await put({ latencyMs: 1 })).body).toEqual({ ...none, latencyMs: 1 });
    expect((await callJson('GET', '/faults')).body).toEqual({ ...none, latencyMs: 1 });
    expect((await callJson('DELETE', '/faults')).body).toEqual(none);
  });

  test('PUT /faults refuses invalid settings with one error each', async () => {
    const settings = { errorRate: '1', timeoutRate: 2, latencyMs: 0.5, latncyMs: 1, seed: -1 };
    const refused = await callJson('PUT', '/faults', { body: settings });
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request', errors: { length: 5 } } });
    expect(refused.body).toHaveProperty(
      'errors',
      expect.arrayContaining([
        { pointer: '/errorRate', detail: 'must be a number from 0 to 1' },
        { pointer: '/timeoutRate', detail: 'must be a number from 0 to 1' },
        { pointer: '/latencyMs', detail: 'must be a whole number from 0 to 60000' },
        { pointer: '/latncyMs', detail: 'is not known' },
        { pointer: '/seed', detail: 'must be a whole number from 0 to 4294967295, or null' },
      ]),
    );
    expect((await callJson('GET', '/faults')).body).toMatchObject({ errorRate: 0 });
  });

  test('a seed repeats the fate of every request', async () => {
    const first = await seededRun();
    expect(await seededRun()).toEqual(first);
    expect(new Set(first.fates).size).toBeGreaterThanOrEqual(4);
  });
});

describe('a fault', () => {
  test.each([
    ['unauthorizedRate', '401 {"type', undefined],
    ['errorRate', '500 {"type', undefined],
    ['rateLimitRate', '429 {"type', undefined],
    ['declineRate', '402 {"type', 0],
  ])('%s answers "%s"', async (setting, expected, captured) => {
    await faults({ [setting]: 1 });
    expect(await fate('k')).toBe(expected);
    expect(await captures('k')).toBe(captured);
  });

  test.each([
    ['timeoutRate', undefined],
    ['slowSuccessRate', 1],
  ])('%s leaves the caller without an answer', async (setting, captured) => {
    await faults({ [setting]: 1 });
    expect(await fate('k', { patience: 200 })).toBe('no answer');
    await expect.poll(() => simulator.log).toContain('"status":null');
    expect(await captures('k')).toBe(captured);
  });

  test('resetRate drops the connection before or after the charge', async () => {
    await faults({ resetRate: 1, seed: 1 });
    const fates = await Promise.all(Array.from({ length: 20 }, (_, i) => fate(`k${i}`)));
    expect(new Set(fates)).toEqual(new Set(['connection lost']));
    const { captured } = (await ledger()).totals;
    expect(captured).toBeGreaterThan(0);
    expect(captured).toBeLessThan(20);
  });

  test('malformedRate charges and sends an unreadable answer', async () => {
    await faults({ malformedRate: 1, seed: 1 });
    const fates = await Promise.all(Array.from({ length: 20 }, (_, i) => fate(`k${i}`)));
    expect(new Set(fates)).toEqual(new Set(['200 {"id":', '200 {"ok":']));
    expect((await ledger()).totals.captured).toBe(20);
  });

  test('rateLimitRate sends Retry-After', async () => {
    await faults({ rateLimitRate: 1, retryAfterSeconds: 3 });
    const limited = await charge('k');
    expect(limited).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(limited.headers.get('retry-after')).toBe('3');
  });

  test('latencyMs delays the answer, and the charge happens even if the caller hangs up', async () => {
    await faults({ latencyMs: 2000 });
    expect(await fate('k', { patience: 200 })).toBe('no answer');
    expect(await captures('k')).toBeUndefined();
    await expect.poll(() => captures('k')).toBe(1);
  });

  test('slowSuccessRate stops waiting as soon as the caller hangs up', async () => {
    await faults({ slowSuccessRate: 1, slowSuccessDelayMs: 60_000 });
    await fate('k', { patience: 200 });
    await expect.poll(() => simulator.log).toContain('"fault":"slow_success","status":null');
  });

  test('a fault hits charges and cancellations but no other route', async () => {
    await charge('k');
    await faults({ errorRate: 1 });
    expect(await cancel('k')).toMatchObject({ status: 500, body: { code: 'gateway_error' } });

    const looks = ['/', '/health', '/faults', '/ledger', '/charges/k'].map((path) => call('GET', path));
    expect((await Promise.all(looks)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect((await ledger()).charges).toMatchObject([{ status: 'succeeded' }]);
  });
});

describe('a test token', () => {
  test('tok_error_once fails the first request and succeeds afterwards', async () => {
    const body = { ...visa, paymentToken: 'tok_error_once' };
    expect(await charge('k', body)).toMatchObject({ status: 500, body: { code: 'gateway_error' } });
    expect(await charge('k', body)).toMatchObject({ status: 201 });
    expect((await ledger()).charges).toMatchObject([{ attempts: 2, captures: 1 }]);
  });

  test.each([
    ['tok_timeout', undefined],
    ['tok_unknown_outcome', 1],
  ])('%s gives no answer', async (paymentToken, captured) => {
    const body = { ...visa, paymentToken };
    expect(await fate('k', { patience: 200, body })).toBe('no answer');
    await expect.poll(() => simulator.log).toContain('"status":null');
    expect(await captures('k')).toBe(captured);
  });

  test('tok_slow succeeds after an extra delay', async () => {
    const body = { ...visa, paymentToken: 'tok_slow' };
    const { result, took } = await timed(() => fate('k', { body }));
    expect(result).toBe('201 {"id":');
    expect(took).toBeGreaterThan(450);
  });
});

test('the ledger stays consistent under random faults', async () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b'),
    kind: fc.constantFrom('charge', 'charge', 'cancel'),
  });
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(step, { maxLength: 12 }), async (seed, steps) => {
      await call('DELETE', '/ledger');
      const rates = { errorRate: 0.2, resetRate: 0.2, malformedRate: 0.2, declineRate: 0.2 };
      await faults({ ...rates, seed, latencyJitterMs: 3 });
      await Promise.allSettled(steps.map(({ key, kind }) => (kind === 'charge' ? fate(key) : cancel(key))));

      const { charges, totals } = await ledger();
      expect(charges.filter((record) => record.captures > 1)).toEqual([]);
      expect(totals.captured).toBe(charges.filter(({ status }) => status === 'succeeded').length);
    }),
    { numRuns: 25 },
  );
});
