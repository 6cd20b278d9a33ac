import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { type Agent, request } from 'undici';
import { startEmbeddedPostgres } from '../../../lab/dev/postgres/embedded-postgres.ts';
import { startSimulator } from '../../../lab/simulator/server.ts';
import { loopbackOf, startProcess } from './processes.ts';
import { createRelease, type Release } from './release.ts';

/** A release whose pods are processes of the service, with a Postgres and a payment gateway of their own. */
export interface RealRelease {
  release: Release;
  /** Base URL of the gateway, whose faults are set there. */
  gateway: string;
  /** Settings that name the gateway. */
  settings: string[];
  /** Places an order at the replica with this address in the cluster. Resolves to the status of the answer. */
  placeOrder(agent: Agent, ip: string | undefined): Promise<string>;
  /** Addresses of the replicas that the Service leads to, as the EndpointSlices have them now. */
  endpoints(): Promise<string[]>;
  remove(): Promise<void>;
}

export async function createRealRelease(): Promise<RealRelease> {
  await using started = new AsyncDisposableStack();
  const key = randomUUID();
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-kubernetes-'));
  started.defer(() => rm(folder, { recursive: true }));
  const postgres = await startEmbeddedPostgres({ dataDir: folder, durable: false });
  started.defer(() => postgres.stop());
  const gateway = await startSimulator({ host: '127.0.0.1', port: 0, logger: pino({ level: 'silent' }) });
  started.defer(() => gateway.close());
  const release = await createRelease({
    process: startProcess,
    secret: { DATABASE_URL: postgres.url, API_KEYS: `customers:${key}` },
  });
  started.defer(() => release.remove());
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${release.namespace}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dorders`;
  const owned = started.move();
  return {
    release,
    gateway: gateway.url,
    settings: [`paymentGateway.url=${gateway.url}`],
    async placeOrder(agent, ip) {
      if (ip === undefined) return 'no endpoint';
      const { statusCode, body } = await request(`http://${loopbackOf(ip)}:7070/orders`, {
        method: 'POST',
        dispatcher: agent,
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'idempotency-key': randomUUID(),
        },
        body: JSON.stringify(order),
      });
      await body.dump();
      return String(statusCode);
    },
    async endpoints() {
      const all = (await release.cluster.list(slices)) as unknown as {
        endpoints: { addresses: string[]; conditions: { ready: boolean } }[];
      }[];
      return all.flatMap(({ endpoints }) =>
        endpoints.filter(({ conditions }) => conditions.ready).flatMap(({ addresses }) => addresses),
      );
    },
    remove: () => owned.disposeAsync(),
  };
}

const order = {
  customerId: 'cus_42',
  currency: 'EUR',
  items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
  paymentToken: 'tok_visa',
};
