import { describe, expect, test } from 'vitest';
import { onlyRetries } from '../support/clients/settings.ts';
import { busyFor, fail, inTurn } from '../support/processes/scripted-gateway.ts';
import { linesOf, spawnWithScript } from '../support/processes/spawn-with-script.ts';
import { hiccup, timed } from '../support/clients/timing.ts';

describe('payment retries', () => {
  test('payment retries repeat the same charge under the same key', async () => {
    const mishaps = inTurn(
      fail,
      () => 'silence',
      () => ({ status: 200 }),
    );
    await using scripted = await spawnWithScript(mishaps, { ...onlyRetries, PAYMENT_ATTEMPT_TIMEOUT: '1s' });
    const { status, body } = await scripted.service.api.place();

    expect(status).toBe(201);
    expect(scripted.gateway.charges).toHaveLength(4);
    for (const charge of scripted.gateway.charges) {
      expect(charge).toMatchObject({
        key: body.id,
        amountMinor: 900,
        currency: 'EUR',
        paymentToken: 'tok_visa',
      });
    }
    const reasons = linesOf(scripted.service, 'payment.retry').map((line) => line['reason']);
    expect(reasons).toEqual(['gateway_error', 'timeout', 'malformed_answer']);
  });

  test('payment retries stop at the maximum of attempts, and wait with full jitter between the floor and a doubling bound', async () => {
    const attempts = 6;
    await using scripted = await spawnWithScript(fail, {
      ...onlyRetries,
      PAYMENT_MAX_ATTEMPTS: String(attempts),
      PAYMENT_BACKOFF_BASE: '10ms',
      PAYMENT_BACKOFF_FLOOR: '2ms',
      PAYMENT_BACKOFF_CAP: '60ms',
    });
    const orders = 20;
    const answers = await Promise.all(Array.from({ length: orders }, () => scripted.service.api.place()));

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(scripted.gateway.charges).toHaveLength(orders * attempts);
    const bounds = [10, 20, 40, 60, 60];
    for (const [index, bound] of bounds.entries()) {
      const delays = linesOf(scripted.service, 'payment.retry')
        .filter((line) => line['attempt'] === index + 1)
        .map((line) => Number(line['delay_ms']));
      expect(delays).toHaveLength(orders);
      expect(Math.min(...delays)).toBeGreaterThanOrEqual(2);
      expect(Math.max(...delays)).toBeLessThanOrEqual(bound);
      // With full jitter the waits spread over the whole range; a fixed wait or half jitter would bunch them.
      expect(Math.min(...delays)).toBeLessThan(bound / 2);
    }
  });

  test('payment retries wait as long as Retry-After asks for', async () => {
    await using scripted = await spawnWithScript(inTurn(busyFor(1)), onlyRetries);
    const { result, took } = await timed(() => scripted.service.api.place());

    expect(result.status).toBe(201);
    const [first, second] = scripted.gateway.charges;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1000);
    expect(took).toBeLessThan(1000 + 2 * hiccup);
    expect(linesOf(scripted.service, 'payment.retry')).toMatchObject([
      { attempt: 1, delay_ms: 1000, reason: 'rate_limited' },
    ]);
  });

  test('payment retries end at once when Retry-After lies beyond the deadline', async () => {
    await using scripted = await spawnWithScript(busyFor(30), { ...onlyRetries, PAYMENT_DEADLINE: '9s' });
    const { result, took } = await timed(() => scripted.service.api.place());

    expect([result.status, result.body.status]).toEqual([202, 'pending']);
    expect(took).toBeLessThan(9000);
    expect(scripted.gateway.charges).toHaveLength(1);
  });

  test('payment retries of all requests share one budget, so that they do not multiply an outage', async () => {
    const [orders, reserve, share] = [50, 5, 0.1];
    await using scripted = await spawnWithScript(fail, {
      ...onlyRetries,
      PAYMENT_RETRY_BUDGET: String(share),
      PAYMENT_RETRY_RESERVE: String(reserve),
      BREAKER_VOLUME: '10000',
    });
    for (let order = 0; order < orders; order += 1) {
      expect((await scripted.service.api.place()).status).toBe(202);
    }

    const attempts = scripted.gateway.charges.length;
    expect(attempts).toBeLessThanOrEqual(orders + reserve + share * orders);
    // The budget still grants retries.
    expect(attempts).toBeGreaterThanOrEqual(orders + reserve);
    expect(linesOf(scripted.service, 'payment.retry_budget_spent')[0]).toMatchObject({ level: 'warn' });
  });
});

describe('outcomes that no retry can help', () => {
  test.each([401, 403, 404])(
    'a payment is not retried after %i, and the log has an error for an operator',
    async (status) => {
      await using scripted = await spawnWithScript(
        () => ({ status, body: { code: 'not_for_you' } }),
        onlyRetries,
      );
      const answer = await scripted.service.api.place();

      expect([answer.status, answer.body.status]).toEqual([202, 'pending']);
      expect(scripted.gateway.charges).toHaveLength(1);
      expect(linesOf(scripted.service, 'payment.retry')).toEqual([]);
      const [line] = linesOf(scripted.service, 'payment.rejected', answer.body.id);
      expect(line).toMatchObject({ level: 'error' });
      expect(JSON.stringify(line)).toContain(`gateway answered ${status} (not_for_you)`);
    },
  );

  test('a payment is not retried after a declined card', async () => {
    const decline = { status: 402, body: { status: 402, declineCode: 'expired_card' } };
    await using scripted = await spawnWithScript(() => decline, onlyRetries);
    expect((await scripted.service.api.place()).status).toBe(402);
    expect(scripted.gateway.charges).toHaveLength(1);
  });
});
