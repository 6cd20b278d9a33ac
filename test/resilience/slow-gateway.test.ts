import { expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { spawnService } from '../support/processes/spawn-service.ts';

/** The gateway answers everything later than a client waits. */
const slow = {
  PAYMENT_ATTEMPT_TIMEOUT: '150ms',
  PAYMENT_DEADLINE: '500ms',
  BREAKER_VOLUME: '10',
  BREAKER_OPEN_FOR: '500ms',
  SETTLEMENT_POLL_INTERVAL: '100ms',
  SETTLEMENT_BACKOFF_BASE: '100ms',
  SETTLEMENT_BACKOFF_FLOOR: '10ms',
};
const patiently = { timeout: 20_000 };

test('orders are paid although the gateway takes longer for every answer than a client waits', async () => {
  await using service = await spawnService(slow);
  await service.gateway.setFaults({ latencyMs: 400 });
  const late = await service.api.place({ ...teaOrder, paymentToken: 'tok_unknown_outcome' });
  const placed = await Promise.all(Array.from({ length: 25 }, () => service.api.place()));
  expect(new Set(placed.map(({ status }) => status))).toEqual(new Set([202]));

  const statusOf = async (id: string) => (await service.api.get(`/orders/${id}`)).body.status;
  const statuses = async () => new Set(await Promise.all(placed.map(({ body }) => statusOf(body.id))));
  await expect.poll(statuses, patiently).toEqual(new Set(['paid']));
  // Its charge stands from the first attempt on, and every answer takes 5 s.
  await expect.poll(() => statusOf(late.body.id), patiently).toBe('paid');
  const { charges } = await service.gateway.ledger();
  expect(charges.map(({ captures }) => captures)).toEqual(Array.from({ length: 26 }, () => 1));
});

test('a worker that waits for the gateway does not hold up the end of the service', async () => {
  const service = await spawnService({ ...slow, SETTLEMENT_ATTEMPT_TIMEOUT: '60s' });
  const { body } = await service.api.place({ ...teaOrder, paymentToken: 'tok_timeout' });
  const isHeld = () =>
    service.database.sql(`SELECT FROM orders WHERE id = $1 AND held AND round > 1`, [body.id]);
  await expect.poll(isHeld, patiently).toHaveLength(1);
  const startedAt = performance.now();
  await service.close();
  expect(performance.now() - startedAt).toBeLessThan(8000);
});

test('a client that waits for the gateway for longer than HTTP_SEND_TIMEOUT gets its answer', async () => {
  const patientCalls = { PAYMENT_ATTEMPT_TIMEOUT: '20s', PAYMENT_DEADLINE: '20s' };
  await using service = await spawnService({ ...patientCalls, HTTP_SEND_TIMEOUT: '200ms' });
  await service.gateway.setFaults({ latencyMs: 1000 });
  expect((await service.api.place()).status).toBe(201);
});
