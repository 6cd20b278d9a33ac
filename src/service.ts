import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { createAdminServer } from './admin/admin-server.ts';
import { startAgentCheck } from './admin/agent-check.ts';
import { createAdmission } from './admission/admission.ts';
import type { Config } from './config/config.ts';
import { createHealth } from './health.ts';
import { listen } from './http/listen.ts';
import { createServer } from './http/server.ts';
import { orderVocabulary } from './orders/api/order-problems.ts';
import { orderRoutes } from './orders/api/order-routes.ts';
import { readFromStore } from './orders/api/read-order.ts';
import { cacheSettledOrders } from './orders/api/settled-order-cache.ts';
import { createBacklog } from './orders/backlog.ts';
import { requestLease, type StepBounds, workerLease } from './orders/lease.ts';
import type { OrderDependencies } from './orders/order-dependencies.ts';
import { createOrderStore, type OrderStore, separateWrites, sharedWrites } from './orders/order-store.ts';
import { createSettlementWorker, patientLanes } from './orders/settle-orders.ts';
import { parseCause } from './payment/cause.ts';
import type { SharedPause } from './payment/gateway-pause.ts';
import { loadCredentials } from './payment/gateway-credentials.ts';
import { openFilesLimit, shareOpenFiles } from './open-files.ts';
import { createHttpPaymentGateway } from './payment/http-payment-gateway.ts';
import type { PaymentGateway } from './payment/payment-gateway.ts';
import { createResilientPaymentGateway } from './payment/resilient-payment-gateway.ts';
import { createDatabase } from './postgres/database.ts';
import { createPostgresReadiness } from './postgres/readiness.ts';
import { createProbes } from './probes.ts';
import { createRedis, type Redis } from './redis/redis.ts';
import { createLogLevels } from './telemetry/logging/log-levels.ts';
import type { Logger } from './telemetry/logging/logger.ts';
import { createMetrics, type Metrics } from './telemetry/metrics/metrics.ts';
import { createProfiler } from './telemetry/profiler.ts';
import { serviceVersion } from './telemetry/version.ts';

/** Lets a test put a wrapper around a real part. The service itself never does. */
export interface TestOverrides {
  store?: (store: OrderStore) => OrderStore;
  gateway?: (gateway: PaymentGateway) => PaymentGateway;
}

export interface ServiceTelemetry {
  logger: Logger;
  /** Default: a registry of its own. Pass the one that counts the lines of the logger. */
  metrics?: Metrics;
}

export interface Service {
  url: string;
  adminUrl: string;
  /** Turns not ready, drains, finishes what is in flight, then closes every part in reverse order of creation. */
  close(): Promise<void>;
}

/**
 * The composition root: creates every part, passes each what it needs, and listens. When a step fails, the parts that
 * exist are closed again.
 *
 * @throws {StartupError} when a listener cannot have its address
 */
export async function createService(
  config: Config,
  { logger, metrics = createMetrics() }: ServiceTelemetry,
  overrides: TestOverrides = {},
): Promise<Service> {
  await using building = new AsyncDisposableStack();
  const levels = createLogLevels(logger, config.logLevels);
  const probes = createProbes(config, levels, metrics);

  // What the service depends on.
  const database = createDatabase(config.postgres, probes.database);
  building.defer(() => database.close());
  const redis = config.redis && createRedis(config.redis, probes.redis(config.redis.url.reveal()));
  building.defer(() => redis?.close());
  const httpGateway = createHttpPaymentGateway({
    ...config.payment,
    baseUrl: config.payment.gatewayUrl,
    credentials: loadCredentials(config.payment.authorization),
  });
  building.defer(() => httpGateway.close());
  const gatewayEvents = new EventEmitter<{ available: [] }>();
  const payments = createResilientPaymentGateway(
    overrides.gateway?.(httpGateway) ?? httpGateway,
    config.payment,
    {
      ...probes.payments,
      circuitChanged(change) {
        probes.payments.circuitChanged(change);
        if (change.to !== 'open') gatewayEvents.emit('available');
      },
      resumed() {
        probes.payments.resumed();
        gatewayEvents.emit('available');
      },
    },
    redis && pauseIn(redis),
  );
  building.defer(() => payments.close());

  // The domain.
  const bounds = stepBounds(config);
  const writes = config.postgres.batching
    ? sharedWrites(database, metrics.batchSent)
    : separateWrites(database);
  const createdStore = createOrderStore(database, writes);
  const store = overrides.store?.(createdStore) ?? createdStore;
  const dependencies: OrderDependencies = {
    store,
    payments,
    events: probes.orders,
    backlog: createBacklog(store, config.settlement),
    policy: { ...config.settlement, lease: requestLease(bounds) },
  };
  const readStored = readFromStore(store);
  const readOrder =
    redis && config.redis
      ? cacheSettledOrders(readStored, {
          redis,
          ttl: config.redis.orderTtl,
          onRead: (result) => metrics.cacheRequested('orders', result),
        })
      : readStored;
  const settlement = createSettlementWorker(dependencies, {
    ...config.settlement,
    leases: workerLeases(config),
    circuits: payments.circuitStates,
    pauseCapacity: payments.pauseCapacity,
    learnPause: payments.learnPause,
  });
  // Orders that wait for the gateway need not wait for the next poll once it may be back.
  gatewayEvents.on('available', settlement.wake);
  settlement.start();
  building.defer(() => settlement.stop());

  // What protects it, and what reports its state.
  const admission =
    config.admission &&
    createAdmission(config.admission, config.payment.connections + config.postgres.poolMax, [
      { waiting: () => database.connections().waiting, completed: database.completed },
      ...[writes.place, writes.record].map(({ state, completed }) => ({
        waiting: () => state().waiting,
        completed,
      })),
      payments.connections,
    ]);
  building.defer(() => admission?.close());
  const readiness = createPostgresReadiness(config.postgres, database.conditions);
  building.defer(() => readiness.close());
  const health = createHealth(readiness);
  const circuits = () => ({
    ...payments.circuitStates(),
    ...(redis && { redis: redis.circuitState() }),
  });
  metrics.registerGauges({
    pool: database.connections,
    batches: () => ({ place: writes.place.state(), record: writes.record.state() }),
    backlog: dependencies.backlog.snapshot,
    circuits,
    suspended() {
      const scopes = payments.suspended().map((cause) => parseCause(cause).scope);
      const count = (scope: string) => scopes.filter((each) => each === scope).length;
      return { card: count('card'), client: count('client') };
    },
    pausedFor: payments.pausedFor,
    admission: () => admission?.state() ?? noAdmission,
  });

  const files = shareOpenFiles(openFilesLimit(), {
    api: config.http.connections.maxConnections,
    admin: adminLimits.maxConnections,
    database: config.postgres.poolMax,
    gateway: config.payment.connections,
  });
  if (files.wanted !== undefined) probes.fewOpenFiles({ ...files, wanted: files.wanted });

  // The two listeners. The admin listener comes first: its probes see the service start and, at the end, drain.
  const startedAt = Date.now();
  const admin = await createAdminServer({
    health,
    metrics,
    status: () => ({
      version: serviceVersion,
      uptimeSeconds: Math.round((Date.now() - startedAt) / 1000),
      draining: health.draining(),
      circuitBreakers: circuits(),
      postgresPool: database.connections(),
    }),
    profiling: { profiler: createProfiler(logger), enabled: config.profiling },
    levels,
    limits: { ...config.http.connections, ...adminLimits, maxConnections: files.admin },
    allowedHosts: config.admin.allowedHosts,
    connectionEvents: probes.connections('admin'),
    onUnexpectedError: probes.onUnexpectedError,
  });
  building.defer(() => admin.close());
  const adminUrl = await listen(admin, config.admin, 'ADMIN_PORT');
  if (config.admin.agentPort !== undefined) {
    const agent = await startAgentCheck(
      { host: config.admin.host, port: config.admin.agentPort },
      {
        draining: health.draining,
        ready: async () => (await health.readiness()).ready,
        limit: () => admission?.state().limit,
      },
    );
    building.defer(() => agent.close());
  }

  const server = await createServer({
    config: { ...config, http: withConnections(config.http, files.api) },
    name: 'orders',
    document: {
      title: 'Orders',
      version: serviceVersion,
      description: 'Places, charges, reads and cancels orders.',
    },
    health,
    problems: orderVocabulary,
    routes: async (scope) => {
      await scope.register(orderRoutes, { dependencies, readOrder });
    },
    observe: probes.requests,
    auth: probes.authentication,
    redis,
    onRateLimited: () => metrics.shed('rate_limited'),
    admission,
    admissionEvents: probes.admission,
    onUnexpectedError: probes.onUnexpectedError,
    connectionEvents: probes.connections('public'),
  });
  building.defer(() => server.close());
  const url = await listen(server, config.http, 'PORT');
  health.started();

  const parts = building.move();
  return {
    url,
    adminUrl,
    async close() {
      health.drain();
      // No timer without a delay: during even the shortest one, clients reconnect whose connections have just been closed.
      if (config.shutdown.drainDelay > 0) await delay(config.shutdown.drainDelay);
      await parts.disposeAsync();
    },
  };
}

/** What the gauges show when admission control is off. */
const noAdmission = { inFlight: 0, queued: 0, limit: 0 };

/** Operators and machines are few. A profile of a minute sends nothing until it ends, so `sendTimeout` is longer. */
const adminLimits = { maxConnections: 100, sendTimeout: 120_000 };

function withConnections(http: Config['http'], maxConnections: number): Config['http'] {
  return { ...http, connections: { ...http.connections, maxConnections } };
}

function stepBounds({ postgres, payment }: Config): StepBounds {
  return {
    statement: postgres.deadline + postgres.connectTimeout,
    call: payment.deadline,
    attempt: payment.attemptTimeout,
  };
}

/** The prompt crew has a batch in hand besides the orders in its lanes; the patient one has those in its lanes only. */
function workerLeases(config: Config): { prompt: number; patient: number } {
  const bounds = stepBounds(config);
  const { batchSize, concurrency } = config.settlement;
  const lanes = patientLanes(concurrency);
  return {
    prompt: workerLease(bounds, { batchSize: batchSize + concurrency, concurrency }),
    patient: workerLease(
      { ...bounds, attempt: config.payment.patientTimeout },
      { batchSize: lanes, concurrency: lanes },
    ),
  };
}

/** Replicas that share a Redis tell each other of a pause. Its end is an expiry, so that their clocks do not matter. */
function pauseIn(redis: Redis): SharedPause {
  const key = 'orders:v1:gateway-pause';
  return {
    remaining: async () => (await redis.expiresIn(key)) ?? undefined,
    begin: (duration) => redis.set(key, '1', duration),
  };
}
