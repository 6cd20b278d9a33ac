import { bookingRoutes } from './bookings/booking-routes.ts';
import { bookingVocabulary } from './bookings/booking-schema.ts';
import { createBookingStore } from './bookings/booking-store.ts';
import { type Confirmations, confirming } from './bookings/confirmation.ts';
import { leaseDueBookings } from './bookings/due-bookings.ts';
import { createSettlementWorker } from './bookings/settle-bookings.ts';
import type { Domain, DomainParts } from './domain-contract.ts';
import { workerLease } from './leasing/lease.ts';
import { createUpstream } from './upstream/client.ts';

/** Lets a test put a wrapper around a real part. The service itself never does. */
export interface DomainOverrides {
  confirmations?: (confirmations: Confirmations) => Confirmations;
}

/** Creates the parts of the domain. */
export function createDomain(
  { config, database, probes, defer }: DomainParts,
  overrides: DomainOverrides = {},
): Domain {
  const created = createUpstream(config.upstream, confirming, probes.upstream);
  defer(() => created.close());
  const confirmations = overrides.confirmations?.(created) ?? created;
  const dependencies = { store: createBookingStore(database), confirmations, events: probes.bookings };

  // The worker settles what requests leave pending.
  const { concurrency } = config.settlement;
  const bounds = {
    statement: config.postgres.deadline + config.postgres.connectTimeout,
    attempt: config.upstream.deadline,
  };
  const lease = workerLease(bounds, { batchSize: concurrency, concurrency });
  const worker = createSettlementWorker(dependencies, {
    ...config.settlement,
    take: (limit) => leaseDueBookings(database, limit, lease),
    circuitState: confirmations.circuitState,
    events: probes.settlement,
  });
  defer(() => worker.stop());

  return {
    routes: async (scope) => {
      await scope.register(bookingRoutes, { dependencies });
    },
    problems: bookingVocabulary,
    connections: config.upstream.connections,
    queues: [confirmations.queue],
    circuits: () => ({ upstream: confirmations.circuitState() }),
    batches: () => ({}),
    gauges: { upstreamCalls: confirmations.inFlight },
    start: worker.start,
  };
}
