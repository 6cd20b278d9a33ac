import { randomUUID } from 'node:crypto';
import { register } from 'node:module';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { diagLogLevelFromString } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { AlwaysOffSampler, NoopSpanProcessor } from '@opentelemetry/sdk-trace';
import type { TelemetryConfig } from '../../config/telemetry-config.ts';
import { createLogExport } from './log-export.ts';
import { observeOutgoingRequests } from '../observers/outgoing-http.ts';
import { createSpanExport } from './span-export.ts';
import { recordSpans } from '../tracing/tracing.ts';
import { serviceVersion } from '../version.ts';

export interface StartedSdk {
  /** How many were lost, by reason. */
  dropped: Record<'traces' | 'logs', Record<string, number>>;
  shutdown(): Promise<void>;
}

/** Milliseconds between two complaints about the exporter: an outage is worth a line, not a line a second. */
const complaintInterval = 60_000;

/** Milliseconds that the last spans may take to be sent: the deadline of the shutdown has to have room for the rest. */
const lastSpansDeadline = 2000;
/** Milliseconds from giving them up to the end of the process: for the last log lines. */
const abandonedFor = 1500;

/**
 * @param complain told when telemetry itself fails, in a sentence
 * @param service what the process is called, unless OTEL_SERVICE_NAME says otherwise
 */
export async function startSdk(
  config: TelemetryConfig,
  complain: (message: string) => void,
  service = 'orders',
): Promise<StartedSdk> {
  const dropped: StartedSdk['dropped'] = { traces: {}, logs: {} };
  const drop = (signal: keyof StartedSdk['dropped']) => (reason: string, count: number) => {
    dropped[signal][reason] = (dropped[signal][reason] ?? 0) + count;
  };
  const logLevel = diagLogLevelFromString(config.diagnostics) ?? DiagLogLevel.WARN;
  const listen = () =>
    diag.setLogger(createDiagLogger(complain), { logLevel, suppressOverrideMessage: true });
  listen();

  const spans = config.encodesSpans ? createSpanExport(config.batch, drop('traces')) : undefined;
  const sdk = new NodeSDK({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.version': serviceVersion,
      'service.instance.id': randomUUID(),
      'deployment.environment.name': config.environment,
    }),
    ...(spans && { spanProcessors: [spans] }),
    // Without an exporter nothing is recorded, and trace ids still tie log lines together.
    ...(!config.exportsTraces && {
      spanProcessors: [new NoopSpanProcessor()],
      sampler: new AlwaysOffSampler(),
    }),
    ...(config.exportsLogs && {
      logRecordProcessors: [createLogExport(config.logBatch, drop('logs'))],
    }),
    metricReaders: [],
    instrumentations: config.instrumentation === 'auto' ? await loadInstrumentations() : [],
  });
  // Where the level is set, the SDK has just put its console logger there. It stays for who wants to hear more than
  // ours says.
  if (logLevel <= DiagLogLevel.WARN) listen();
  sdk.start();
  if (config.instrumentation === 'lean') {
    observeOutgoingRequests();
    // Limits are the SDK's to keep.
    if (spans && !config.limitsSpans) recordSpans(spans.onEnd);
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

/** The exporter cannot be called off, and its retries would keep a process alive that has nothing left to do. */
function abandonExports(): void {
  diag.warn('the last spans could not be sent in time');
  setTimeout(() => process.exit(), abandonedFor).unref();
}

/** For ESM the libraries can only be patched while they are loaded, which a loader hook does. */
async function loadInstrumentations() {
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
  const { createInstrumentations } = await import('./auto-instrumentation.ts');
  return createInstrumentations();
}

/** At most one complaint per interval: the first says it, and `telemetry_dropped_total` counts the rest. */
function createDiagLogger(complain: (message: string) => void) {
  let quietUntil = 0;
  const report = (message: string) => {
    if (Date.now() < quietUntil) return;
    quietUntil = Date.now() + complaintInterval;
    complain(`telemetry: ${message.slice(0, 300)}`);
  };
  return { error: report, warn: report, info: () => {}, debug: () => {}, verbose: () => {} };
}
