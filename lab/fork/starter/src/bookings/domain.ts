import type { Domain, DomainParts } from '../domain-contract.ts';
import { workerLease } from '../leasing/lease.ts';
import { observeUpstream, observeUpstreamLoad } from '../telemetry/observers/upstream.ts';
import { createUpstream } from '../upstream/client.ts';
import { createBookingMetrics } from './booking-metrics.ts';
import { bookingRoutes } from './booking-routes.ts';
import { bookingVocabulary } from './booking-schema.ts';
import { createBookingStore } from './booking-store.ts';
import { confirming } from './confirmation.ts';
import { leaseDueBookings } from './due-bookings.ts';
import { attributes, observeBookings } from './observe-bookings.ts';
import { observeSettlement } from './observe-settlement.ts';
import { createSettlementWorker } from './settle-bookings.ts';

/** Creates the parts of the domain: what it depends on, what it does, and what the service knows of it. */
export function createDomain({ config, database, inFlight, levels, metrics, defer }: DomainParts): Domain {
  const logger = levels.component('bookings');
  const upstreamEvents = observeUpstream(levels.component('upstream'), metrics);
  const confirmations = createUpstream(config.upstream, confirming, upstreamEvents);
  defer(() => confirmations.close());
  metrics.watch({ breakers: ['upstream'], caches: [] });
  observeUpstreamLoad(metrics.instruments, confirmations.inFlight);

  const events = observeBookings(logger, createBookingMetrics(metrics.instruments));
  const store = createBookingStore(database);
  const dependencies = { store, confirmations, events, inFlight };

  // The worker settles what requests leave pending.
  const { concurrency } = config.settlement;
  const statement = config.postgres.deadline + config.postgres.connectTimeout;
  const bounds = { statement, attempt: config.upstream.deadline };
  const lease = workerLease(bounds, { batchSize: concurrency, concurrency });
  const worker = createSettlementWorker(dependencies, {
    ...config.settlement,
    take: (limit) => leaseDueBookings(database, limit, lease),
    circuitState: confirmations.circuitState,
    events: observeSettlement(logger),
  });
  defer(() => worker.stop());

  return {
    document: {
      title: 'Bookings',
      description: 'Creates, reads and lists bookings.',
      tags: [{ name: 'Bookings', description: '`pending` until `confirmed` or `rejected` for good.' }],
    },
    routes: async (scope) => {
      await scope.register(bookingRoutes, dependencies);
    },
    problems: bookingVocabulary,
    connections: config.upstream.connections,
    queues: [confirmations.queue],
    circuits: () => ({ upstream: confirmations.circuitState() }),
    batches: () => ({}),
    spanAttributes: { booking_id: attributes.id, idempotency: attributes.idempotency },
    start: worker.start,
  };
}
