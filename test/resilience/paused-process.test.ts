import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ServiceProcess, spawnServiceProcess } from '../../lab/harness/service-process.ts';
import { createApiClient } from '../support/clients/api-client.ts';
import { quietWorker } from '../support/clients/settings.ts';
import {
  approve,
  type ScriptedGateway,
  startScriptedGateway,
} from '../support/processes/scripted-gateway.ts';
import { serviceEnvironment, spawnSurroundings } from '../support/processes/spawn-service.ts';

// A process is paused by SIGSTOP, and in the same way by a frozen container, a machine that sleeps, or a long task.

/** Enough to open the circuit, whose default volume is 20. */
const orders = 25;
const attemptTimeout = 2000;

describe('a service that is paused for longer than an attempt may take', () => {
  let gateway: ScriptedGateway;
  let service: ServiceProcess;
  beforeAll(async () => {
    await using started = new AsyncDisposableStack();
    const { database } = started.use(await spawnSurroundings());
    gateway = started.use(await startScriptedGateway());
    service = await spawnServiceProcess({
      env: {
        ...serviceEnvironment(database.url, gateway.url),
        ...quietWorker,
        PAYMENT_ATTEMPT_TIMEOUT: `${attemptTimeout}ms`,
        PAYMENT_DEADLINE: '10s',
      },
    });
    started.defer(() => service.kill());
    const owned = started.move();
    return () => owned.disposeAsync();
  });
  beforeEach(() => {
    gateway.charges.length = 0;
    service.logs.length = 0;
  });

  /** Pauses the service while all orders are at the gateway. @returns the statuses of the orders */
  async function placeAroundPause({ answerAfter }: { answerAfter: 'at once' | 'after the pause' }) {
    const held = Promise.withResolvers<void>();
    gateway.follow(async (charge) => {
      await held.promise;
      return approve(charge);
    });
    const api = await createApiClient(service.url, 'shop-key');
    const placing = Array.from({ length: orders }, () => api.place());
    await expect.poll(() => gateway.charges.length).toBe(orders);
    service.child.kill('SIGSTOP');
    try {
      if (answerAfter === 'at once') held.resolve();
      await delay(1.3 * attemptTimeout);
    } finally {
      service.child.kill('SIGCONT');
    }
    // A gateway that was paused with the service needs a little more time.
    if (answerAfter === 'after the pause') await delay(attemptTimeout / 20);
    held.resolve();
    return Promise.all(placing);
  }

  test.each(['at once', 'after the pause'] as const)(
    'a pause of the service is no failure of a gateway that answers %s',
    async (answerAfter) => {
      const placed = await placeAroundPause({ answerAfter });

      expect(new Set(placed.map(({ status }) => status))).toEqual(new Set([201]));
      // No attempt was given up: otherwise it would have been repeated.
      expect(gateway.charges).toHaveLength(orders);
      expect(service.logs.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
      const status = (await (await fetch(`${service.adminUrl}/status`)).json()) as object;
      expect(status).toMatchObject({ circuitBreakers: { payment: 'closed' } });
    },
  );
});
