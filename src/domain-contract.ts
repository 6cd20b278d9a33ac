import type { FastifyPluginAsync } from 'fastify';
import type { Config } from './config/config.ts';
import type { ProblemVocabulary } from './http/problem-details.ts';
import type { InFlight } from './in-flight.ts';
import type { Database } from './postgres/database.ts';
import type { Redis } from './redis/redis.ts';
import type { CircuitState } from './resilience/circuit-breaker.ts';
import type { LogLevels } from './telemetry/logging/log-levels.ts';
import type { Metrics } from './telemetry/metrics/metrics.ts';
import type { SpanAttributes } from './telemetry/observers/http.ts';

/** What the domain is created from. */
export interface DomainParts {
  config: Config;
  database: Database;
  /** `undefined` without REDIS_URL. */
  redis: Redis | undefined;
  /** For what the domain begins for a request: it is waited for before any part is closed. */
  inFlight: InFlight;
  /** For the probes that it creates, with the metrics. */
  levels: LogLevels;
  metrics: Metrics;
  /** Closes a part at the end, after those that are created later. */
  defer(close: () => void | Promise<void>): void;
}

/** What the service needs of its domain. Nothing else of the service knows the domain. */
export interface Domain {
  /** Heads the OpenAPI document. */
  document: {
    title: string;
    description: string;
    /** The groups of operations. */
    tags: Array<{ name: string; description: string }>;
  };
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
  /** Log fields that the span of a request has, too: the attribute of each. */
  spanAttributes: SpanAttributes;
  /** Starts the work that no request asks for, if there is any. It ends with the parts that do it. */
  start?(): void;
}
