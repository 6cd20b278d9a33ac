import { parse } from 'yaml';

/**
 * The two tiers of Collectors. A sampler is the Collector of the stack without what concerns the stack alone; a router sends it
 * all spans of the traces that it is responsible for.
 */

interface Config {
  receivers: Record<string, unknown>;
  processors: Record<string, unknown>;
  exporters: Record<string, unknown>;
  service: {
    pipelines: Record<string, { receivers: string[]; processors?: string[]; exporters: string[] }>;
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

/** Refuses data when the container is nearly full; the stack's limit is in MiB of a container that it knows. */
const memoryLimiter = { check_interval: '1s', limit_percentage: 75, spike_limit_percentage: 15 };

/**
 * Beyond it, the oldest trace is dropped before anything is decided, errors included, and neither its sender nor an alert counts it.
 * So the limit on memory, which the sender counts, comes first: some 12 KB of six spans each are 60 % of the default gigabyte.
 */
const mostTraces = 50_000;

/** Longer than the five seconds after which the SDKs export, unless they are told otherwise, as the programs of the stack are. */
const waitAfterRoot = '6s';

const extensions = { health_check: { endpoint: '0.0.0.0:13133' } };

const ownMetrics = {
  metrics: {
    level: 'normal',
    readers: [{ pull: { exporter: { prometheus: { host: '0.0.0.0', port: 8888 } } } }],
  },
};

export function routerConfig(): Config {
  return {
    extensions,
    receivers: { otlp: { protocols: { http: { endpoint: '0.0.0.0:4318' } } } },
    processors: { memory_limiter: memoryLimiter },
    exporters: {
      load_balancing: {
        // Also for logs, whose default would send all lines of a service to one sampler.
        routing_key: 'traceID',
        // DNS and not the API of Kubernetes, which would need a token.
        resolver: { dns: { hostname: '${env:SAMPLERS}', port: '4317', interval: '5s' } },
        // Outside of the queues per sampler: what a sampler that is gone did not take is routed again.
        timeout: '5s',
        retry_on_failure: {
          enabled: true,
          initial_interval: '1s',
          max_interval: '5s',
          max_elapsed_time: '60s',
        },
        sending_queue: { enabled: true, sizer: 'bytes', queue_size: 33_554_432 },
        protocol: {
          otlp: {
            tls: { insecure: true },
            timeout: '2s',
            retry_on_failure: { enabled: false },
            sending_queue: { enabled: false },
          },
        },
      },
    },
    service: {
      extensions: ['health_check'],
      pipelines: {
        traces: { receivers: ['otlp'], processors: ['memory_limiter'], exporters: ['load_balancing'] },
        logs: { receivers: ['otlp'], processors: ['memory_limiter'], exporters: ['load_balancing'] },
      },
      telemetry: ownMetrics,
    },
  };
}

/** @param stack the text of otel-collector/config.yaml */
export function samplerConfig(stack: string): Config {
  const config = parse(stack, { merge: true }) as Config;
  const { jaeger, loki } = exportersOf(config);
  // Every sampler would read the same Postgres. A managed one has metrics of its own.
  const { otlp: _, postgresql: _postgresql, redis: _redis, ...receivers } = config.receivers;
  const { 'transform/stores': _stores, ...processors } = config.processors;
  const { 'metrics/stores': _pipeline, ...pipelines } = config.service.pipelines;
  return {
    ...config,
    extensions,
    receivers: { ...receivers, otlp: { protocols: { grpc: { endpoint: '0.0.0.0:4317' } } } },
    processors: {
      ...processors,
      memory_limiter: memoryLimiter,
      tail_sampling: {
        ...(processors['tail_sampling'] as object),
        decision_wait_after_root_received: waitAfterRoot,
        num_traces: mostTraces,
      },
    },
    exporters: {
      'otlp_http/traces': { ...jaeger, ...backend('TRACES_ENDPOINT') },
      'otlp_http/logs': { ...loki, ...backend('LOGS_ENDPOINT') },
      prometheus: { ...(config.exporters['prometheus'] as object), endpoint: '0.0.0.0:8889' },
    },
    service: {
      ...config.service,
      pipelines: Object.fromEntries(
        Object.entries(pipelines).map(([name, pipeline]) => [
          name,
          { ...pipeline, exporters: pipeline.exporters.map((exporter) => renamed[exporter] ?? exporter) },
        ]),
      ),
      telemetry: ownMetrics,
    },
  };
}

const renamed: Readonly<Record<string, string>> = {
  'otlp_grpc/jaeger': 'otlp_http/traces',
  'otlp_http/loki': 'otlp_http/logs',
};

/** The queues and retries of the stack, without its addresses. */
function exportersOf({ exporters }: Config) {
  const { tls: _, ...jaeger } = exporters['otlp_grpc/jaeger'] as Record<string, unknown>;
  const loki = exporters['otlp_http/loki'] as Record<string, unknown>;
  const retry = {
    retry_on_failure: { initial_interval: '1s', max_interval: '10s', max_elapsed_time: '300s' },
  };
  return { jaeger: { ...jaeger, ...retry }, loki: { ...loki, ...retry } };
}

const backend = (endpoint: string) => ({
  endpoint: `\${env:${endpoint}}`,
  headers: { authorization: '${env:EXPORTER_AUTHORIZATION:-}' },
});
