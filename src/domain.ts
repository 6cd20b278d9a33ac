import { EventEmitter } from 'node:events';
import type { Config } from './config/config.ts';
import type { Domain, DomainParts } from './domain-contract.ts';
import { identity } from './identity.ts';
import { orderVocabulary } from './orders/api/order-problems.ts';
import { orderRoutes } from './orders/api/order-routes.ts';
import { readFromStore } from './orders/api/read-order.ts';
import { cacheSettledOrders } from './orders/api/settled-order-cache.ts';
import { createBacklog } from './orders/backlog.ts';
import { requestLease, type StepBounds, workerLease } from './leasing/lease.ts';
import type { OrderDependencies } from './orders/order-dependencies.ts';
import { createOrderStore, type OrderStore, separateWrites, sharedWrites } from './orders/order-store.ts';
import { createSettlementWorker, patientLanes } from './orders/settle-orders.ts';
import { parseCause } from './payment/cause.ts';
import { loadCredentials } from './payment/gateway-credentials.ts';
import type { SharedPause } from './payment/gateway-pause.ts';
import { createHttpPaymentGateway } from './payment/http-payment-gateway.ts';
import type { PaymentGateway } from './payment/payment-gateway.ts';
import { createResilientPaymentGateway } from './payment/resilient-payment-gateway.ts';
import type { Redis } from './redis/redis.ts';
import { createOrderMetrics, registerOrderGauges } from './telemetry/metrics/order-metrics.ts';
import { observeOrders } from './telemetry/observers/orders.ts';
import { observePayments } from './telemetry/observers/payment.ts';

/** Lets a test put a wrapper around a real part. The service itself never does. */
export interface DomainOverrides {
  store?: (store: OrderStore) => OrderStore;
  gateway?: (gateway: PaymentGateway) => PaymentGateway;
}

/** Creates the parts of the domain. */
export function createDomain(parts: DomainParts, overrides: DomainOverrides = {}): Domain {
  const { config, database, redis, inFlight, levels, metrics, defer } = parts;
  const orderMetrics = createOrderMetrics(metrics.instruments);
  const probes = {
    payments: observePayments(levels.component('payment'), metrics),
    orders: observeOrders(levels.component('orders'), orderMetrics),
  };
  metrics.watch({ breakers: ['payment', 'settlement'], caches: ['orders'] });

  // What it depends on.
  const httpGateway = createHttpPaymentGateway({
    ...config.payment,
    baseUrl: config.payment.gatewayUrl,
    credentials: loadCredentials(config.payment.authorization),
  });
  defer(() => httpGateway.close());
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
  defer(() => payments.close());

  // What it does.
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
    inFlight,
    backlog: createBacklog(store, config.settlement),
    policy: { ...config.settlement, lease: requestLease(bounds) },
  };
  const readStored = readFromStore(store);
  const readOrder = redis
    ? cacheSettledOrders(readStored, {
        redis,
        ttl: config.orderTtl,
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
  defer(() => settlement.stop());

  registerOrderGauges(metrics.instruments, {
    backlog: dependencies.backlog.snapshot,
    suspended() {
      const scopes = payments.suspended().map((cause) => parseCause(cause).scope);
      const count = (scope: string) => scopes.filter((each) => each === scope).length;
      return { card: count('card'), client: count('client') };
    },
    pausedFor: payments.pausedFor,
  });

  return {
    document: {
      title: 'Orders',
      description: 'Places, charges, reads and cancels orders.',
      tags: [
        {
          name: 'Orders',
          description:
            'An order is `pending` until its payment is decided, and then `paid`, `declined`, `refused` or `cancelled` for good.',
        },
      ],
    },
    routes: async (scope) => {
      await scope.register(orderRoutes, { dependencies, readOrder });
    },
    problems: orderVocabulary,
    connections: config.payment.connections,
    queues: [
      ...[writes.place, writes.record].map(({ state, completed }) => ({
        waiting: () => state().waiting,
        completed,
      })),
      payments.connections,
    ],
    circuits: payments.circuitStates,
    batches: () => ({ place: writes.place.state(), record: writes.record.state() }),
    spanAttributes: { order_id: 'orders.order.id', idempotency: 'orders.idempotency.result' },
    start: settlement.start,
  };
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
  const key = `${identity.name}:v1:gateway-pause`;
  return {
    remaining: async () => (await redis.expiresIn(key)) ?? undefined,
    begin: (duration) => redis.set(key, '1', duration),
  };
}
