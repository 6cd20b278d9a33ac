import { setTimeout as delay } from 'node:timers/promises';
import { createAdmission } from './admission/admission.ts';
import type { Config } from './config/config.ts';
import { createAdminServer } from './admin/admin-server.ts';
import { createHealth } from './health.ts';
import { listen } from './http/listen.ts';
import { createServer } from './http/server.ts';
import { createBacklog } from './orders/backlog.ts';
import { orderVocabulary } from './orders/api/order-problems.ts';
import { orderRoutes } from './orders/api/order-routes.ts';
import { cacheSettledOrders } from './orders/api/settled-order-cache.ts';
import { readFromStore } from './orders/api/read-order.ts';
import { createOrderStore, type OrderStore } from './orders/order-store.ts';
import type { OrderDependencies } from './orders/order-dependencies.ts';
import { createSettlementWorker } from './orders/settle-orders.ts';
import { createHttpPaymentGateway } from './payment/http-payment-gateway.ts';
import type { PaymentGateway } from './payment/payment-gateway.ts';
import { createResilientPaymentGateway } from './payment/resilient-payment-gateway.ts';
import { createDatabase } from './postgres/database.ts';
import { createRedis } from './redis/redis.ts';
import { observeAdmission } from './telemetry/observers/admission.ts';
import { observeConnections } from './telemetry/observers/connections.ts';
import { observeAuthentication } from './telemetry/observers/auth.ts';
import { observeRequests } from './telemetry/observers/http.ts';
import { createLogLevels } from './telemetry/logging/log-levels.ts';
import type { Logger } from './telemetry/logging/logger.ts';
import { createMetrics, type DroppedTelemetry, type Metrics } from './telemetry/metrics/metrics.ts';
import { observeOrders } from './telemetry/observers/orders.ts';
import { observePayments } from './telemetry/observers/payment.ts';
import { observeRedis } from './telemetry/observers/redis.ts';
import { observeDatabase } from './telemetry/observers/postgres.ts';
import { createProfiler } from './telemetry/profiler.ts';
import { serviceVersion } from './telemetry/version.ts';

/**
 * Where a test can put itself between two parts: it is given the real one and returns what takes its place. The
 * service itself never does.
 */
export interface TestOverrides {
  store?: (store: OrderStore) => OrderStore;
  gateway?: (gateway: PaymentGateway) => PaymentGateway;
}

export interface ServiceTelemetry {
  logger: Logger;
  /** Default its own; whoever makes the logger has it count the lines in them. */
  metrics?: Metrics;
  /** What of spans and log records was lost so far; whoever started the SDK knows. Default nothing. */
  droppedTelemetry?: () => DroppedTelemetry;
}

export interface Service {
  url: string;
  adminUrl: string;
  /** Not ready, drain, finish what is in flight, then close everything in the reverse order of its making. */
  close(): Promise<void>;
}

/**
 * The composition root: builds every part, hands each what it needs, and listens. What was built is closed again
 * when a later step fails.
 */
export async function createService(
  config: Config,
  { logger, metrics = createMetrics(), droppedTelemetry = () => ({}) }: ServiceTelemetry,
  overrides: TestOverrides = {},
): Promise<Service> {
  const closers: Array<() => void | Promise<void>> = [];
  const closeAll = async () => {
    for (const close of closers.toReversed()) await close();
  };

  try {
    const levels = createLogLevels(logger);
    // The other mode has them made by instrumentations.
    const makeSpans = config.instrumentation === 'lean';

    const database = createDatabase(
      config.postgres,
      observeDatabase(levels.component('postgres'), metrics, {
        url: config.postgres.url.reveal(),
        makeSpans,
      }),
    );
    closers.push(() => database.close());

    const redis =
      config.redis &&
      createRedis(
        config.redis,
        observeRedis(levels.component('redis'), metrics, { url: config.redis.url.reveal(), makeSpans }),
      );
    closers.push(() => redis?.close());

    const attempts = createHttpPaymentGateway({ baseUrl: config.payment.gatewayUrl, ...config.payment });
    closers.push(() => attempts.close());
    const paymentEvents = observePayments(levels.component('payment'), metrics);
    const payments = createResilientPaymentGateway(
      overrides.gateway?.(attempts) ?? attempts,
      config.payment,
      {
        ...paymentEvents,
        circuitChanged(change) {
          paymentEvents.circuitChanged(change);
          // The gateway may be back: what waits for it need not wait for the next look.
          if (change.to !== 'open') settlement.wake();
        },
      },
    );
    closers.push(() => payments.close());

    const realStore = createOrderStore(database);
    const store = overrides.store?.(realStore) ?? realStore;
    const fromStore = readFromStore(store);
    const readOrder =
      redis && config.redis
        ? cacheSettledOrders(fromStore, {
            redis,
            ttl: config.redis.orderTtl,
            onRead: (result) => metrics.cacheRequested('orders', result),
          })
        : fromStore;
    const dependencies: OrderDependencies = {
      store,
      payments,
      events: observeOrders(levels.component('orders'), metrics),
      backlog: createBacklog(store, config.settlement.maxPending),
      policy: { ...config.settlement, lease: requestLease(config) },
    };
    const settlement = createSettlementWorker(dependencies, {
      ...config.settlement,
      lease: workerLease(config),
      capacity: () =>
        ({ closed: config.settlement.batchSize, half_open: 1, open: 0 })[payments.circuitState()],
    });
    settlement.start();
    closers.push(() => settlement.stop());

    const admission =
      config.admission &&
      createAdmission(config.admission, config.payment.connections + config.postgres.poolMax, [
        { waiting: () => database.connections().waiting, completed: database.completed },
        attempts,
      ]);
    closers.push(() => admission?.close());

    const httpLogger = levels.component('http');
    const onUnexpectedError = (error: unknown) =>
      httpLogger.error({ event: 'http.defect', err: error }, 'request failed on a defect');
    const circuits = () => ({
      payment: payments.circuitState(),
      ...(redis && { redis: redis.circuitState() }),
    });
    metrics.ask({
      pool: database.connections,
      backlog: dependencies.backlog.snapshot,
      circuits,
      admission: () => admission?.state() ?? noAdmission,
      droppedTelemetry,
    });

    const health = createHealth(database);
    const startedAt = Date.now();
    const admin = createAdminServer({
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
      limits: { ...config.http.connections, ...adminLimits },
      connectionEvents: observeConnections(httpLogger, metrics, 'admin'),
      onUnexpectedError,
    });
    closers.push(() => admin.close());
    const adminUrl = await listen(admin, config.admin, 'ADMIN_PORT');

    const server = await createServer({
      config,
      version: serviceVersion,
      health,
      problems: orderVocabulary,
      routes: async (scope) => {
        await scope.register(orderRoutes, { dependencies, readOrder });
      },
      observe: (app) => observeRequests(app, httpLogger, metrics, { makeSpans }),
      auth: observeAuthentication(httpLogger, metrics),
      redis,
      onRateLimited: () => metrics.shed('rate_limited'),
      admission,
      admissionEvents: observeAdmission(levels.component('admission'), metrics),
      onUnexpectedError,
      connectionEvents: observeConnections(httpLogger, metrics, 'public'),
    });
    closers.push(() => server.close());
    const url = await listen(server, config.http, 'PORT');
    health.started();

    return {
      url,
      adminUrl,
      async close() {
        health.drain();
        // Even the shortest timer would let clients come back that were just told to close their connection.
        if (config.shutdown.drainDelay > 0) await delay(config.shutdown.drainDelay);
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** What the gauges show where admission control is off. */
const noAdmission = { inFlight: 0, queued: 0, limit: 0 };

/** Operators and machines are few; a profile of a minute sends nothing until it ends. */
const adminLimits = { maxConnections: 100, sendTimeout: 120_000 };

/** Longer than a request can be at work on its order, so that no worker takes one that is still being placed. */
function requestLease({ postgres, payment }: Config): number {
  return 2 * longestStatement(postgres) + payment.deadline + leaseMargin;
}

/** Longer than a batch can take: one attempt at the gateway and one statement for each of the orders in a lane. */
function workerLease({ postgres, payment, settlement }: Config): number {
  const ordersPerLane = Math.ceil(settlement.batchSize / settlement.concurrency);
  return ordersPerLane * (payment.attemptTimeout + longestStatement(postgres)) + leaseMargin;
}

function longestStatement({ deadline, connectTimeout }: Config['postgres']): number {
  return deadline + connectTimeout;
}

/** For timers that fire late, in milliseconds. Whoever is later still is stopped by the fencing token. */
const leaseMargin = 1000;
