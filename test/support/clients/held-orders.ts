import { expect } from 'vitest';
import { teaOrder } from './api-client.ts';
import { scrapeMetrics } from '../../../lab/harness/exposition.ts';
import { approve } from '../processes/scripted-gateway.ts';
import { quietWorker } from './settings.ts';
import type { Replica, SpawnedService } from '../processes/spawn-service.ts';
import { type ScriptedService, spawnWithScript } from '../processes/spawn-with-script.ts';
import { valueOf } from '../processes/traced-service.ts';

/** A limit of ten requests in flight, which admits nine new orders or five lists. */
const tenAtOnce = {
  ...quietWorker,
  ADMISSION_LIMIT_MIN: '10',
  ADMISSION_LIMIT_MAX: '10',
  ADMISSION_QUEUE: '0',
  PAYMENT_ATTEMPT_TIMEOUT: '20s',
  PAYMENT_DEADLINE: '20s',
};
export const patiently = { timeout: 10_000, interval: 5 };

/** Spawns a service whose orders stay in flight until the test releases their charges. */
export async function spawnHeld(env: Record<string, string> = {}) {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const scripted = await spawnWithScript((charge) => released.then(() => approve(charge)), {
    ...tenAtOnce,
    ...env,
  });
  return { ...scripted, release };
}

export type Placing = ReturnType<SpawnedService['api']['place']>;

/** Resolves when `count` more orders are in flight, to the promises of their answers. */
export async function occupy(
  { service, gateway }: ScriptedService,
  count: number,
  headers: Record<string, string> = {},
): Promise<Placing[]> {
  const before = gateway.charges.length;
  const placing = Array.from({ length: count }, () => service.api.place(teaOrder, headers));
  await expect.poll(() => gateway.charges.length, patiently).toBe(before + count);
  return placing;
}

export async function metricOf(
  { adminUrl }: Pick<Replica, 'adminUrl'>,
  name: string,
  labels: Record<string, string> = {},
) {
  return valueOf(await scrapeMetrics(adminUrl), name, labels);
}
