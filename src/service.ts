import { setTimeout as delay } from 'node:timers/promises';
import { createAdminServer } from './admin/admin-server.ts';
import { startAgentCheck } from './admin/agent-check.ts';
import { createAdmission } from './admission/admission.ts';
import { type Config, demoApiKey } from './config/config.ts';
import { createDomain } from './domain.ts';
import type { Domain, DomainParts } from './domain-contract.ts';
import { createHealth } from './health.ts';
import { identity } from './identity.ts';
import { createInFlight } from './in-flight.ts';
import { listen } from './http/listen.ts';
import { createServer } from './http/server.ts';
import { openFilesLimit, shareOpenFiles } from './open-files.ts';
import { createDatabase } from './postgres/database.ts';
import { createPostgresReadiness } from './postgres/readiness.ts';
import { createProbes } from './probes.ts';
import { createRedis } from './redis/redis.ts';
import { createLogLevels } from './telemetry/logging/log-levels.ts';
import type { Logger } from './telemetry/logging/logger.ts';
import { createMetrics, type Metrics } from './telemetry/metrics/metrics.ts';
import { createProfiler } from './telemetry/profiler.ts';
import { serviceLicense, serviceVersion } from './telemetry/version.ts';

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
 * @param create makes the domain. Default: the one of this service; a test puts wrappers around its parts
 * @throws {StartupError} when a listener cannot have its address
 */
export async function createService(
  config: Config,
  { logger, metrics = createMetrics() }: ServiceTelemetry,
  create: (parts: DomainParts) => Domain = createDomain,
): Promise<Service> {
  await using building = new AsyncDisposableStack();
  const levels = createLogLevels(logger, config.logLevels);
  const probes = createProbes(config, levels, metrics);

  // What the service depends on.
  const database = createDatabase(config.postgres, probes.database);
  building.defer(() => database.close());
  const redis = config.redis && createRedis(config.redis, probes.redis(config.redis.url.reveal()));
  building.defer(() => redis?.close());
  const inFlight = createInFlight();
  const domain = create({
    config,
    database,
    redis,
    inFlight,
    levels,
    metrics,
    defer: (close) => building.defer(close),
  });
  // The listener closes when all clients have gone, and some hang up before their request has ended.
  building.defer(() => inFlight.ended());

  // What protects it, and what reports its state.
  const admission =
    config.admission &&
    createAdmission(config.admission, domain.connections + config.postgres.poolMax, [
      { waiting: () => database.connections().waiting, completed: database.completed },
      ...domain.queues,
    ]);
  building.defer(() => admission?.close());
  const readiness = createPostgresReadiness(config.postgres, database.conditions);
  building.defer(() => readiness.close());
  const health = createHealth(readiness);
  const circuits = () => ({
    ...domain.circuits(),
    ...(redis && { redis: redis.circuitState() }),
  });
  metrics.registerGauges({
    pool: database.connections,
    batches: domain.batches,
    circuits,
    admission: () => admission?.state() ?? noAdmission,
  });

  const files = shareOpenFiles(openFilesLimit(), {
    api: config.http.connections.maxConnections,
    admin: adminConnections,
    database: config.postgres.poolMax,
    dependencies: domain.connections,
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
    limits: { ...config.http.connections, maxConnections: files.admin },
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
    name: identity.name,
    document: {
      ...domain.document,
      version: serviceVersion,
      license: serviceLicense,
      exampleKey: exampleKey(config),
    },
    health,
    problems: domain.problems,
    routes: domain.routes,
    observe: (app) => probes.requests(app, domain.spanAttributes),
    auth: probes.authentication,
    redis,
    onRateLimited: probes.rateLimited,
    admission,
    admissionEvents: probes.admission,
    onUnexpectedError: probes.onUnexpectedError,
    connectionEvents: probes.connections('public'),
  });
  building.defer(() => server.close());
  const url = await listen(server, config.http, 'PORT');
  health.started();
  // Only now: a process that cannot have its addresses must not lease any work, and while it still loads, it is too busy to
  // read the answers of Postgres in time.
  domain.start?.();

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

/** The demo key works in development only, so that commands of the reference page can be pasted there. */
function exampleKey({ environment, apiKeys }: Config): string {
  const isDemo = apiKeys.reveal().some(({ key }) => key === demoApiKey.key);
  return environment === 'development' && isDemo ? demoApiKey.key : '$API_KEY';
}

/** Operators and machines are few. */
const adminConnections = 100;

function withConnections(http: Config['http'], maxConnections: number): Config['http'] {
  return { ...http, connections: { ...http.connections, maxConnections } };
}
