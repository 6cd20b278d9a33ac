import { bookingRoutes } from './bookings/booking-routes.ts';
import { bookingVocabulary } from './bookings/booking-schema.ts';
import { createBookingStore } from './bookings/booking-store.ts';
import type { Domain, DomainParts } from './domain-contract.ts';
import { createUpstream, type Upstream } from './upstream/upstream.ts';

/** Lets a test put a wrapper around a real part. The service itself never does. */
export interface DomainOverrides {
  upstream?: (upstream: Upstream) => Upstream;
}

/** Creates the parts of the domain. */
export function createDomain(
  { config, database, probes, defer }: DomainParts,
  overrides: DomainOverrides = {},
): Domain {
  const created = createUpstream(config.upstream, probes.upstream);
  defer(() => created.close());
  const upstream = overrides.upstream?.(created) ?? created;
  const dependencies = { store: createBookingStore(database), upstream, events: probes.bookings };

  return {
    routes: async (scope) => {
      await scope.register(bookingRoutes, { dependencies });
    },
    problems: bookingVocabulary,
    connections: config.upstream.connections,
    queues: [upstream.queue],
    circuits: () => ({ upstream: upstream.circuitState() }),
    batches: () => ({}),
    gauges: { upstreamCalls: upstream.inFlight },
  };
}
