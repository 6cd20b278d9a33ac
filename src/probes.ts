import type { Config } from './config/config.ts';
import { readDatabaseUrl } from './config/database-url.ts';
import { createCallerTrust } from './http/limits/trusted-callers.ts';
import type { LogLevels } from './telemetry/logging/log-levels.ts';
import type { Metrics } from './telemetry/metrics/metrics.ts';
import { observeAdmission } from './telemetry/observers/admission.ts';
import { observeAuthentication } from './telemetry/observers/auth.ts';
import { observeConnections } from './telemetry/observers/connections.ts';
import { observeRequests, type SpanAttributes } from './telemetry/observers/http.ts';
import { observeDatabase } from './telemetry/observers/postgres.ts';
import { observeRateLimits } from './telemetry/observers/rate-limits.ts';
import { observeRedis } from './telemetry/observers/redis.ts';

/** Creates a domain probe for each part of the service; it turns the part's events into spans, metrics and log lines. */
export function createProbes(config: Config, levels: LogLevels, metrics: Metrics) {
  // In `auto` mode the OpenTelemetry instrumentations create the spans.
  const makeSpans = config.instrumentation === 'lean';
  const http = levels.component('http');
  return {
    database: observeDatabase(levels.component('postgres'), metrics, {
      url: readDatabaseUrl(config.postgres.url.reveal()),
      makeSpans,
    }),
    redis: (url: string) => observeRedis(levels.component('redis'), metrics, { url, makeSpans }),
    admission: observeAdmission(levels.component('admission'), metrics),
    authentication: observeAuthentication(http, metrics),
    rateLimited: observeRateLimits(metrics),
    requests: (app: Parameters<typeof observeRequests>[0], attributes: SpanAttributes) =>
      observeRequests(app, http, metrics, {
        makeSpans,
        isTrusted: createCallerTrust(config.http),
        knownMethods: config.knownHttpMethods,
        attributes,
      }),
    connections: (listener: 'public' | 'admin') => observeConnections(http, metrics, listener),
    fewOpenFiles: ({ api, wanted }: { api: number; wanted: number }) =>
      http.warn(
        { event: 'service.few_open_files', max_connections: api, open_files_wanted: wanted },
        'the limit of open files is too low for HTTP_MAX_CONNECTIONS and the pools: fewer connections are accepted',
      ),
    onUnexpectedError: (error: unknown) =>
      http.error({ event: 'http.defect', err: error }, 'request failed with an unexpected error'),
  };
}
