import { setTimeout as delay } from 'node:timers/promises';
import { createApiClient } from '../clients/api-client.ts';
import { type Exposition, scrapeMetrics } from '../../../lab/harness/exposition.ts';
import {
  type ServiceProcess,
  type ServiceProcessOptions,
  spawnServiceProcess,
} from '../../../lab/harness/service-process.ts';
import { serviceEnvironment, spawnSurroundings, type Surroundings } from './spawn-service.ts';

/** The service in a process of its own, so that its memory and sockets can be measured. */
export interface AttackedService extends AsyncDisposable, Surroundings {
  service: ServiceProcess;
  /** Returns the current metrics. */
  scrape(): Promise<Exposition>;
  /** Returns the sum of the samples with this name and these labels; 0 without any. */
  measure(name: string, labels?: Record<string, string>): Promise<number>;
}

/** Other limits must not answer before the attacked ones, and a busy machine must not cause timeouts. */
const unlimited = {
  // The attacks name this host.
  ADMIN_ALLOWED_HOSTS: 'orders',
  RATE_LIMIT_MAX: '0',
  RATE_LIMIT_ADDRESS_MAX: '0',
  AUTH_FAILURE_MAX: '0',
  ADMISSION: 'off',
  DATABASE_CONNECT_TIMEOUT: '5s',
  DATABASE_STATEMENT_TIMEOUT: '5s',
  DATABASE_DEADLINE: '10s',
  PAYMENT_ATTEMPT_TIMEOUT: '5s',
  PAYMENT_DEADLINE: '10s',
};

export async function spawnAttackedService(
  env: Record<string, string> = {},
  options: Pick<ServiceProcessOptions, 'openFiles'> = {},
): Promise<AttackedService> {
  await using started = new AsyncDisposableStack();
  const surroundings = started.use(await spawnSurroundings());
  const { database, gateway } = surroundings;
  const service = await spawnServiceProcess({
    env: { ...serviceEnvironment(database.url, gateway.url), LOG_LEVEL: 'info', ...unlimited, ...env },
    ...options,
  });
  started.defer(() => service.kill());

  const scrape = () => scrapeMetrics(service.adminUrl);
  const owned = started.move();
  return {
    database,
    gateway,
    service,
    scrape,
    async measure(name, labels = {}) {
      const { samples } = await scrape();
      const wanted = Object.entries(labels);
      const found = samples.filter(
        (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
      );
      return found.reduce((sum, { value }) => sum + value, 0);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A client that takes no part in the attack and must not be affected. */
export interface Bystander {
  /** Statuses of all orders so far. */
  statuses: readonly number[];
  /** Resolves after this number of further orders. */
  afterMore(orders: number): Promise<void>;
  stop(): Promise<void>;
}

/** Milliseconds between two orders of a bystander. */
const pace = 20;

/** Places one order after the other, as the client `shop`, until it is stopped or fails. */
export async function startBystander(url: string): Promise<Bystander> {
  const api = await createApiClient(url, 'shop-key');
  const statuses: number[] = [];
  const stopping = new AbortController();
  const placing = (async () => {
    while (!stopping.signal.aborted) {
      statuses.push((await api.place()).status);
      await delay(pace);
    }
  })();
  return {
    statuses,
    async afterMore(orders) {
      const enough = statuses.length + orders;
      while (statuses.length < enough) await Promise.race([delay(pace), placing]);
    },
    async stop() {
      stopping.abort();
      await placing;
    },
  };
}
