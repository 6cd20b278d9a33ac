import type { Config } from './config.ts';
import { createAdminServer } from './http/admin-server.ts';
import { createHealth } from './http/health.ts';
import { listen } from './http/listen.ts';
import { createServer } from './http/server.ts';
import { orderRoutes } from './orders/order-routes.ts';
import { createOrderStore } from './orders/order-store.ts';
import type { Ordering } from './orders/place-order.ts';
import { createHttpPaymentGateway } from './payment/http-payment-gateway.ts';
import { createResilientPaymentGateway } from './payment/resilient-payment-gateway.ts';
import { createDatabase } from './postgres/database.ts';
import { observeDatabase, observeOrders, observePayments } from './telemetry/domain-events.ts';
import { observeRequests } from './telemetry/http.ts';
import { type Logger, serviceVersion } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';

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
export async function createService(config: Config, logger: Logger): Promise<Service> {
  const closers: Array<() => void | Promise<void>> = [];
  const closeAll = async () => {
    for (const close of closers.toReversed()) await close();
  };

  try {
    const database = createDatabase(config.postgres, observeDatabase(logger));
    closers.push(() => database.close());

    const attempts = createHttpPaymentGateway({ baseUrl: config.payment.gatewayUrl, ...config.payment });
    closers.push(() => attempts.close());
    const payments = createResilientPaymentGateway(attempts, config.payment, observePayments(logger));
    closers.push(() => payments.close());

    const ordering: Ordering = {
      store: createOrderStore(database),
      payments,
      events: observeOrders(logger),
      lease: leaseFor(config),
      settleAfter: config.payment.breaker.openFor,
    };

    const health = createHealth(database);
    const startedAt = Date.now();
    const admin = createAdminServer({
      health,
      metrics: createMetrics(),
      status: () => ({
        version: serviceVersion,
        uptimeSeconds: Math.round((Date.now() - startedAt) / 1000),
        draining: health.draining(),
        circuitBreakers: { payment: payments.circuitState() },
        postgresPool: database.connections(),
      }),
    });
    closers.push(() => admin.close());
    const adminUrl = await listen(admin, config.admin, 'ADMIN_PORT');

    const server = await createServer({
      config,
      version: serviceVersion,
      health,
      routes: async (scope) => {
        await scope.register(orderRoutes, { ordering });
      },
      observe: (app) => observeRequests(app, logger),
      onDefect: (error) => logger.error({ event: 'http.defect', err: error }, 'request failed on a defect'),
    });
    closers.push(() => server.close());
    const url = await listen(server, config.http, 'PORT');
    health.started();

    return {
      url,
      adminUrl,
      async close() {
        health.drain();
        await new Promise((resolve) => setTimeout(resolve, config.shutdown.drainDelay));
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Longer than a request can be at work on its order, so that no worker takes one that is still being placed. */
function leaseFor({ postgres, payment }: Config): number {
  const statement = postgres.deadline + postgres.connectTimeout;
  const margin = 1000;
  return 2 * statement + payment.deadline + margin;
}
