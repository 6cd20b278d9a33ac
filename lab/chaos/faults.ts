import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statfsSync } from 'node:fs';
import { availableParallelism, platform } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Customers, OtherCall } from './customers.ts';
import type { Fault } from './experiment.ts';
import { holdConnections } from './idle-connections.ts';
import { snapshotsFolder } from './replica.ts';
import { sendOpenTraces } from './open-traces.ts';
import { repeat, throttle } from './recurring.ts';
import type { Environment } from './environment.ts';

/** Takes a fault back. Safe to call whatever state the environment is in. */
export type Rollback = () => Promise<void>;

export interface Injection {
  environment: Environment;
  customers: Customers;
  /** Orders a second of the usual customers. */
  rate: number;
}

/** What the environment lacks for a fault; `undefined` if it has all it needs. */
export function missingFor(fault: Fault, environment: Environment): string | undefined {
  switch (fault.kind) {
    case 'network':
    case 'cut':
      if (fault.to === 'jaeger' || fault.to === 'loki')
        return environment.network[fault.to] ? undefined : noCollector;
      return environment.network[fault.to] ? undefined : `there is no proxy in front of ${fault.to}`;
    case 'crash':
      if (fault.what === 'postgres') return environment.postgres ? undefined : noPostgres;
      return environment.replicas ? undefined : noProcess;
    case 'failover':
      return environment.pair ? undefined : 'there is no standby';
    case 'stop':
      if (fault.what === 'redis') return environment.redis ? undefined : noRedis;
      return environment.replicas ? undefined : noProcess;
    case 'flush_redis':
      return environment.redis ? undefined : noRedis;
    case 'open_traces':
      return environment.network.jaeger ? undefined : noCollector;
    case 'blocked_stdout':
    case 'cpu_quota':
    case 'long_tasks':
    case 'memory_leak':
    case 'clock':
    case 'busy_neighbours':
      return environment.replicas ? undefined : noProcess;
    case 'idle_connections':
      return platform() === 'linux' ? undefined : 'open file descriptors are counted on Linux only';
    case 'heap_snapshots':
      if (!environment.replicas) return noProcess;
      return countsAsDisk(snapshotsFolder) ? undefined : 'writes to this folder do not count as disk writes';
    default:
      return undefined;
  }
}

const noProcess = 'the service was not started for the experiment';
const noPostgres = 'Postgres was not started for the experiment';
const noCollector = 'no Collector was started for the experiment';
const noRedis = 'no Redis was started for the experiment';

/** Injects a fault. Returns its rollback. */
export async function inject(fault: Fault, injection: Injection): Promise<Rollback> {
  const { environment, customers, rate } = injection;
  switch (fault.kind) {
    case 'gateway':
      await environment.gateway.setFaults(fault.settings);
      return () => environment.gateway.clearFaults();
    case 'network': {
      const proxy = required(environment.network[fault.to]);
      await proxy.setToxics(fault.toxics);
      return () => proxy.restore();
    }
    case 'cut': {
      const proxy = required(environment.network[fault.to]);
      await proxy.cut();
      return () => proxy.restore();
    }
    case 'crash':
      if (fault.what === 'service') return repeat(fault.every, () => crashReplicas(environment));
      await environment.postgres?.crash(fault.awayFor);
      return async () => {};
    case 'failover':
      await environment.pair?.failOver('killed', fault.awayFor);
      return async () => environment.pair?.rejoin();
    case 'stop':
      return stop(fault, environment);
    case 'end_sessions':
      return repeat(1 / fault.perSecond, () => endOneSession(environment));
    case 'lock_orders':
      return repeat(fault.every, (signal) => lockOrders(environment, fault.hold, signal));
    case 'conflicts':
      await environment.database.sql(raiseConflicts(fault.share));
      return async () => void (await environment.database.sql(endConflicts));
    case 'flush_redis':
      return repeat(1 / fault.perSecond, async () => void (await environment.redis?.command('FLUSHALL')));
    case 'backlog':
      await environment.database.sql(addBacklog, [fault.orders, backlogClient]);
      return async () =>
        void (await environment.database.sql('DELETE FROM orders WHERE client_id = $1', [backlogClient]));
    case 'blocked_stdout':
      for (const replica of environment.replicas ?? []) replica.readStdout(false);
      return async () => {
        for (const replica of environment.replicas ?? []) replica.readStdout(true);
      };
    case 'cpu_quota':
      return throttle(environment.replicas ?? [], fault.quota, fault.period);
    case 'long_tasks':
      for (const replica of environment.replicas ?? []) replica.runLongTasks(fault.length, fault.every);
      return async () => {
        for (const replica of environment.replicas ?? []) replica.runLongTasks(0, 0);
      };
    case 'memory_leak':
      for (const replica of environment.replicas ?? []) replica.leakMemory(fault.share);
      return async () => {
        for (const replica of environment.replicas ?? []) replica.leakMemory(0);
      };
    case 'busy_neighbours':
      return startNeighbours(availableParallelism());
    case 'idle_connections':
      return holdConnections(environment.urls[0] ?? '', fault.count);
    case 'heap_snapshots':
      return repeat(fault.every, async () => {
        for (const replica of environment.replicas ?? []) await replica.writeHeapSnapshot();
      });
    case 'clock':
      replicaAt(environment, fault.replica).shiftClock(fault.seconds);
      return async () => replicaAt(environment, fault.replica).shiftClock(0);
    case 'surge':
      customers.surge(rate * (fault.times - 1));
      return async () => customers.surge(0);
    case 'noisy_client':
      return sendOthers(customers, fault.perSecond, { path: '/orders?limit=1', apiKey: 'noisy-key' });
    case 'poison_orders':
      return sendOthers(customers, fault.perSecond, {
        path: '/orders',
        apiKey: 'noisy-key',
        order: () => ({ ...poison, paymentToken: Math.random() < 0.5 ? 'tok_timeout' : 'tok_refused' }),
      });
    case 'open_traces':
      return sendOpenTraces(required(environment.network.collector).url, fault.perSecond);
    case 'wrong_keys':
      return sendOthers(customers, fault.perSecond, { path: '/orders?limit=1', apiKey: 'guessed-key' });
  }
}

async function crashReplicas(environment: Environment): Promise<void> {
  for (const replica of environment.replicas ?? []) {
    await replica.end('SIGKILL');
    await replica.start();
  }
}

async function stop(fault: Extract<Fault, { kind: 'stop' }>, environment: Environment): Promise<Rollback> {
  if (fault.what === 'redis') {
    await environment.redis?.kill();
    return async () => environment.redis?.start();
  }
  const replica = replicaAt(environment, fault.replica ?? 0);
  // After SIGTERM a replica finishes what is in flight, and the fault must not wait for that.
  const ended = replica.end(fault.signal);
  if (fault.signal === 'SIGKILL') await ended;
  return async () => {
    await ended;
    await replica.start();
  };
}

const busyNeighbour = path.join(import.meta.dirname, 'busy-neighbour.ts');

async function startNeighbours(count: number): Promise<Rollback> {
  const neighbours = Array.from({ length: count }, () => {
    const neighbour = fork(busyNeighbour, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    return { neighbour, exited: once(neighbour, 'exit') };
  });
  return async () => {
    for (const { neighbour } of neighbours) neighbour.kill('SIGKILL');
    await Promise.all(neighbours.map(({ exited }) => exited));
  };
}

/** @see https://man7.org/linux/man-pages/man2/statfs.2.html */
const tmpfs = 0x01_02_19_94;

/** Linux counts a process's writes to a disk, but not its writes to a file system in memory. */
function countsAsDisk(folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  return platform() === 'linux' && statfsSync(folder).type !== tmpfs;
}

async function endOneSession({ database }: Environment): Promise<void> {
  await database.sql(`
    SELECT pg_terminate_backend(pid) FROM (
      SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'orders'
      ORDER BY random() LIMIT 1
    ) AS one`);
}

async function lockOrders({ database }: Environment, seconds: number, signal: AbortSignal): Promise<void> {
  const session = await database.session();
  try {
    await session.query('BEGIN');
    await session.query('LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
    await delay(1000 * seconds, undefined, { signal }).catch(() => {});
  } finally {
    await session.end();
  }
}

/** SQL that fails a share of the writing statements, half with serialization failures and half with deadlocks. */
function raiseConflicts(share: number): string {
  return `
    CREATE FUNCTION chaos_conflict() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF random() < ${share} THEN
        IF random() < 0.5 THEN
          RAISE EXCEPTION 'could not serialize access due to concurrent update' USING ERRCODE = '40001';
        END IF;
        RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01';
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER chaos_conflict BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION chaos_conflict()`;
}
const endConflicts =
  'DROP TRIGGER IF EXISTS chaos_conflict ON orders; DROP FUNCTION IF EXISTS chaos_conflict';

/** Orders of this client are not due for an hour, so that no worker takes them, and are deleted with the fault. */
const backlogClient = 'chaos-backlog';
const addBacklog = `
  INSERT INTO orders (id, client_id, idempotency_key, request_hash, customer_id, currency, items, total_minor, status,
    payment_token, due_at, created_at, updated_at, held)
  SELECT md5(random()::text || number)::uuid, $2, NULL, sha256(''::bytea), 'cus_0', 'EUR', '[]', 100, 'pending', 'tok_visa',
    now() + interval '1 h', now(), now(), false
  FROM generate_series(1, $1::int) AS number`;

const poison = {
  customerId: 'cus_0',
  currency: 'EUR',
  items: [{ sku: 'SKU-0', quantity: 1, unitPriceMinor: 100 }],
};

async function sendOthers(customers: Customers, perSecond: number, call: OtherCall): Promise<Rollback> {
  const ending = new AbortController();
  const sending = customers.sendOthers(perSecond, call, ending.signal);
  return async () => {
    ending.abort();
    await sending;
  };
}

function replicaAt({ replicas = [] }: Environment, index: number) {
  return required(replicas[index]);
}

function required<T>(part: T | undefined): T {
  if (part === undefined) throw new TypeError('The environment has no such part.');
  return part;
}
