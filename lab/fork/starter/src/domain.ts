import type { FastifyPluginAsync } from 'fastify';
import { bookingRoutes } from './bookings/booking-routes.ts';
import { bookingVocabulary } from './bookings/booking-schema.ts';
import { createBookingStore } from './bookings/booking-store.ts';
import type { Config } from './config/config.ts';
import type { ProblemVocabulary } from './http/problem-details.ts';
import type { Database } from './postgres/database.ts';
import type { Probes } from './probes.ts';
import type { Redis } from './redis/redis.ts';
import type { CircuitState } from './resilience/circuit-breaker.ts';
import type { DomainGaugeSources } from './telemetry/metrics/domain-metrics.ts';
import type { Metrics } from './telemetry/metrics/metrics.ts';
import { createUpstream, type Upstream } from './upstream/upstream.ts';

/** Lets a test put a wrapper around a real part. The service itself never does. */
export interface DomainOverrides {
  upstream?: (upstream: Upstream) => Upstream;
}

/** What the domain is created from. */
export interface DomainParts {
  config: Config;
  database: Database;
  /** `undefined` without REDIS_URL. */
  redis: Redis | undefined;
  probes: Probes['domain'];
  metrics: Metrics;
  /** Closes a part at the end, after those that are created later. */
  defer(close: () => void | Promise<void>): void;
}

/** What the service needs of its domain. Nothing else of the service knows the domain. */
export interface Domain {
  /** Routes that require an API key. */
  routes: FastifyPluginAsync;
  /** What the routes add to problem details. */
  problems: ProblemVocabulary;
  /** Connections that it may have to its dependencies. */
  connections: number;
  /** What its requests can queue for, besides the pool of Postgres. */
  queues: ReadonlyArray<{ waiting(): number; completed(): number }>;
  /** By the name of the breaker. */
  circuits(): Record<string, CircuitState>;
  /** Shared statements in flight, and rows that wait to share one, by what they write. */
  batches(): Record<string, { inFlight: number; waiting: number }>;
  gauges: DomainGaugeSources;
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
