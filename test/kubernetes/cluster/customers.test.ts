import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../../lab/dev/postgres/embedded-postgres.ts';
import { startSimulator, type Simulator } from '../../../lab/simulator/server.ts';
import { endings, loopbackOf, startProcess } from '../support/processes.ts';
import { createRelease, rolledOut, type Release } from '../support/release.ts';

/**
 * What customers notice of a rolling update. Pods are real processes of the service, with the variables, probes, SIGTERM and
 * grace period that the cluster stored; requests go to the endpoints that its EndpointSlices call ready.
 */

const key = randomUUID();
const settings = ['autoscaling.enabled=false', 'replicas=3'];
/** Orders per second. */
const rate = 50;

let folder: string;
let postgres: EmbeddedPostgres;
let gateway: Simulator;
let release: Release;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'orders-kubernetes-'));
  postgres = await startEmbeddedPostgres({ dataDir: folder, durable: false });
  gateway = await startSimulator({ host: '127.0.0.1', port: 0, logger: pino({ level: 'silent' }) });
  settings.push(`paymentGateway.url=${gateway.url}`);
  release = await createRelease(startProcess);
  await release.cluster.request('POST', `/api/v1/namespaces/${release.namespace}/secrets`, {
    metadata: { name: 'orders' },
    stringData: { DATABASE_URL: postgres.url, API_KEYS: `customers:${key}` },
  });
});

afterAll(async () => {
  await release?.remove();
  await gateway?.close();
  await postgres?.stop();
  await rm(folder, { recursive: true });
});

test('no request fails while every replica is replaced under 50 orders a second', async () => {
  await release.upgrade(...settings);
  await rolledOut(release, 3);
  const old = (await release.replicas()).map(({ metadata }) => metadata.name);

  const customers = await placeOrders();
  await release.upgrade(...settings, 'config.LOG_LEVEL=warn');
  await rolledOut(release, 3);
  await expect.poll(() => endings.map(({ name }) => name).toSorted()).toEqual(old.toSorted());
  const answers = await customers.stop();

  expect(Object.keys(answers)).toEqual(['201']);
  expect(answers['201']).toBeGreaterThan(10 * rate);
  // Within the grace period, in order.
  expect(new Set(endings.map(({ code }) => code))).toEqual(new Set([0]));
});

/** Places orders at a fixed rate, none twice, until it is stopped. Returns how many got which answer. */
async function placeOrders() {
  const answers: Record<string, number> = {};
  const pending: Promise<void>[] = [];
  const agent = new Agent();
  const proxy = followEndpoints();
  const place = async (at: string | undefined) => {
    const outcome = await placeOrder(agent, at).catch((error: unknown) => String(error));
    answers[outcome] = (answers[outcome] ?? 0) + 1;
  };
  await proxy.look();
  const timer = setInterval(() => pending.push(place(proxy.next())), 1000 / rate);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
      proxy.stop();
      await agent.close();
      process.stderr.write(`Answers to ${pending.length} orders: ${JSON.stringify(answers)}\n`);
      return answers;
    },
  };
}

async function placeOrder(agent: Agent, address: string | undefined): Promise<string> {
  if (address === undefined) return 'no endpoint';
  const { statusCode, body } = await request(`http://${address}:7070/orders`, {
    method: 'POST',
    dispatcher: agent,
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify({
      customerId: 'cus_42',
      currency: 'EUR',
      items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
      paymentToken: 'tok_visa',
    }),
  });
  await body.dump();
  return String(statusCode);
}

/** As kube-proxy: takes the ready endpoints in turn, and hears of a change a little late. */
function followEndpoints() {
  const slicesOf = `/apis/discovery.k8s.io/v1/namespaces/${release.namespace}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dorders`;
  let ready: string[] = [];
  let turn = 0;
  const look = async () => {
    const slices = (await release.cluster.list(slicesOf)) as unknown as {
      endpoints: { addresses: string[]; conditions: { ready: boolean } }[];
    }[];
    ready = slices.flatMap(({ endpoints }) =>
      endpoints.filter(({ conditions }) => conditions.ready).flatMap(({ addresses }) => addresses),
    );
  };
  const timer = setInterval(() => void look(), 500);
  return {
    next(): string | undefined {
      turn += 1;
      const ip = ready[turn % Math.max(1, ready.length)];
      return ip === undefined ? undefined : loopbackOf(ip);
    },
    stop: () => clearInterval(timer),
    look,
  };
}
