import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { approve, type Script } from '../support/processes/scripted-gateway.ts';
import { linesOf, spawnWithScript } from '../support/processes/spawn-with-script.ts';

const accepts =
  (authorization: string): Script =>
  (charge) =>
    charge.headers.authorization === authorization
      ? approve(charge)
      : { status: 401, body: { code: 'invalid_key' } };

test('orders are paid after the gateway’s key was rotated in its file, without a restart', async () => {
  await using parts = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-credentials-'));
  parts.defer(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'authorization');
  await writeFile(file, 'Bearer hush-old\n');
  const { service, gateway } = parts.use(
    await spawnWithScript(accepts('Bearer hush-old'), {
      PAYMENT_GATEWAY_AUTHORIZATION_FILE: file,
      SETTLEMENT_POLL_INTERVAL: '50ms',
      SETTLEMENT_BACKOFF_BASE: '50ms',
      SETTLEMENT_BACKOFF_FLOOR: '10ms',
      SETTLEMENT_BACKOFF_CAP: '200ms',
    }),
  );
  expect((await service.api.place()).status).toBe(201);

  gateway.follow(accepts('Bearer hush-new'));
  const { status, body } = await service.api.place();
  expect([status, body.status]).toEqual([202, 'pending']);
  // An error line pages: only a person can hand out a key.
  expect(linesOf(service, 'payment.rejected', body.id)[0]).toMatchObject({
    level: 'error',
    msg: expect.stringContaining('check its URL and credentials'),
  });

  await writeFile(file, 'Bearer hush-new\n');
  await expect
    .poll(async () => (await service.api.get(`/orders/${body.id}`)).body.status, { timeout: 20_000 })
    .toBe('paid');
  expect((await service.api.place()).status).toBe(201);
  expect(JSON.stringify([service.logs, service.config])).not.toContain('hush-');
});
