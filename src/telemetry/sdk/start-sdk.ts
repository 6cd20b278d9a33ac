import { randomUUID } from 'node:crypto';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { diagLogLevelFromString } from '@opentelemetry/core';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import type { NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import { AlwaysOffSampler, NoopSpanProcessor } from '@opentelemetry/sdk-trace';
import type { TelemetryConfig } from '../../config/telemetry-config.ts';
import { createCallerTrust } from '../../http/limits/trusted-callers.ts';
import { identity } from '../../identity.ts';
import { createDiagLogger } from './diag-logger.ts';
import { createLogExport } from './log-export.ts';
import { observeOutgoingRequests } from '../observers/outgoing-http.ts';
import { createProviders, type Sdk } from './providers.ts';
import { createSpanExport } from './span-export.ts';
import { type Boundary, createBoundary } from '../tracing/boundary.ts';
import { recordSpans } from '../tracing/tracing.ts';
import { schemaUrl, serviceVersion } from '../version.ts';

export interface StartedSdk {
  /** Spans and log records lost so far, by reason. */
  dropped: Record<'traces' | 'logs', Record<string, number>>;
  shutdown(): Promise<void>;
}

/** Milliseconds that the last export may take; the deadline of the shutdown covers other work, too. */
const lastSpansDeadline = 2000;
/** Milliseconds from abandoning the last export to the exit, for the last log lines. */
const abandonedFor = 1500;

/**
 * @param onFailure called with one sentence when telemetry itself fails
 * @param service the name of the process, unless OTEL_SERVICE_NAME sets another
 */
export async function startSdk(
  config: TelemetryConfig,
  onFailure: (message: string) => void,
  service: string = identity.name,
): Promise<StartedSdk> {
  const dropped: StartedSdk['dropped'] = { traces: {}, logs: {} };
  const drop = (signal: keyof StartedSdk['dropped']) => (reason: string, count: number) => {
    dropped[signal][reason] = (dropped[signal][reason] ?? 0) + count;
  };
  const logLevel = diagLogLevelFromString(config.diagnostics) ?? DiagLogLevel.WARN;
  const listen = () =>
    diag.setLogger(createDiagLogger(onFailure), { logLevel, suppressOverrideMessage: true });
  listen();

  const spans =
    config.spanForm && (await createSpanExport(config.batch, drop('traces'), config.proxy, config.spanForm));
  const logRecords =
    config.logForm && (await createLogExport(config.logBatch, drop('logs'), config.proxy, config.logForm));
  const boundary = createBoundary(config.propagation);
  const createSdk = config.needsWholeSdk ? await wholeSdk() : createProviders;
  const sdk = createSdk({
    // The default one says which SDK it is.
    resource: defaultResource().merge(
      resourceFromAttributes(
        {
          'service.name': service,
          'service.version': serviceVersion,
          'service.instance.id': randomUUID(),
          'deployment.environment.name': config.environment,
        },
        { schemaUrl },
      ),
    ),
    ...(spans && { spanProcessors: [spans] }),
    // Without an exporter no span is recorded, but trace ids still tie log lines together.
    ...(!config.exportsTraces && {
      spanProcessors: [new NoopSpanProcessor()],
      sampler: new AlwaysOffSampler(),
    }),
    ...(logRecords && { logRecordProcessors: [logRecords] }),
    textMapPropagator: boundary.propagator,
    metricReaders: [],
    instrumentations: config.instrumentation === 'auto' ? await loadInstrumentations(config, boundary) : [],
  });
  // If OTEL_LOG_LEVEL is set, the SDK has just installed its console logger. It stays only for levels more verbose than
  // warn, which ours does not report.
  if (logLevel <= DiagLogLevel.WARN) listen();
  sdk.start();
  if (config.instrumentation === 'lean') {
    observeOutgoingRequests(boundary);
    // Only the SDK's spans enforce limits, and only they can be written in JSON.
    if (spans && config.spanForm !== 'json' && !config.limitsSpans) recordSpans(spans.onEnd);
  } else await (await import('./auto-instrumentation.ts')).keepContextInPool();
  return {
    dropped,
    async shutdown() {
      const late = Promise.withResolvers<'late'>();
      const limit = setTimeout(late.resolve, lastSpansDeadline, 'late');
      const ending = sdk.shutdown().catch(() => drop('traces')('shutdown', 1));
      if ((await Promise.race([ending, late.promise])) === 'late') abandonExports();
      clearTimeout(limit);
    },
  };
}

/** Reads all variables of the SDK. It loads 400 modules, most of them exporters that are not used. */
async function wholeSdk(): Promise<(configuration: Partial<NodeSDKConfiguration>) => Sdk> {
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  return (configuration) => new NodeSDK(configuration);
}

/** The exporter cannot be cancelled, and its retries would keep the process alive. */
function abandonExports(): void {
  diag.warn('the last spans were not sent in time');
  setTimeout(() => process.exit(), abandonedFor).unref();
}

/**
 * ES modules can only be patched while they load, which takes a loader hook. Its synchronous form: Node has deprecated
 * `module.register`, with a warning (DEP0205), which is what OpenTelemetry's documentation has.
 */
async function loadInstrumentations({ propagation }: TelemetryConfig, boundary: Boundary) {
  const { register } = await import('import-in-the-middle/register-hooks.mjs');
  register();
  const { createInstrumentations } = await import('./auto-instrumentation.ts');
  return createInstrumentations(boundary, createCallerTrust(propagation.callers));
}
