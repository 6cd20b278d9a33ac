import { register } from 'node:module';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  NoopSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace';
import type { TelemetryConfig } from '../config.ts';
import { observeOutgoingRequests } from './outgoing-http.ts';
import { serviceVersion } from './version.ts';

export interface StartedSdk {
  dropped: Record<string, number>;
  shutdown(): Promise<void>;
}

/** Milliseconds between two complaints about the exporter: an outage is worth a line, not a line a second. */
const complaintInterval = 60_000;

/** Milliseconds that the last spans may take to be sent: the deadline of the shutdown has to have room for the rest. */
const lastSpansDeadline = 2000;
/** Milliseconds from giving them up to the end of the process: for the last log lines. */
const abandonedFor = 1500;

/** @param complain told when telemetry itself fails, in a sentence */
export async function startSdk(
  config: TelemetryConfig,
  complain: (message: string) => void,
): Promise<StartedSdk> {
  const dropped: Record<string, number> = {};
  const drop = (reason: string, count: number) => {
    dropped[reason] = (dropped[reason] ?? 0) + count;
  };
  diag.setLogger(createDiagLogger(complain), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });

  const sdk = new NodeSDK({
    resource: resourceFromAttributes({
      'service.name': 'orders',
      'service.version': serviceVersion,
      'deployment.environment.name': config.environment,
    }),
    // Without an exporter nothing is recorded, and trace ids still tie log lines together.
    ...(config.exportsTraces
      ? { spanProcessors: [createProcessor(config, drop)] }
      : { spanProcessors: [new NoopSpanProcessor()], sampler: new AlwaysOffSampler() }),
    metricReaders: [],
    instrumentations: config.instrumentation === 'auto' ? await loadInstrumentations() : [],
  });
  sdk.start();
  if (config.instrumentation === 'lean') observeOutgoingRequests();
  else await (await import('./auto-instrumentation.ts')).keepContextInPool();
  return {
    dropped,
    async shutdown() {
      const late = Promise.withResolvers<'late'>();
      const limit = setTimeout(late.resolve, lastSpansDeadline, 'late');
      const ending = sdk.shutdown().catch(() => drop('shutdown', 1));
      if ((await Promise.race([ending, late.promise])) === 'late') abandonExports();
      clearTimeout(limit);
    },
  };
}

/** A batch processor whose losses can be counted: it drops what its queue cannot hold, and tells nobody. */
function createProcessor(
  { batch }: TelemetryConfig,
  drop: (reason: string, count: number) => void,
): SpanProcessor {
  let queued = 0;
  const exporter = new OTLPTraceExporter();
  const counting: SpanExporter = {
    export(spans: ReadableSpan[], done: (result: ExportResult) => void) {
      queued -= spans.length;
      exporter.export(spans, (result) => {
        if (result.code !== ExportResultCode.SUCCESS) drop('export_failed', spans.length);
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
  const processor = new BatchSpanProcessor({ exporter: counting, ...batch });
  return {
    onStart: () => {},
    onEnd(span) {
      if (queued >= batch.maxQueueSize) {
        drop('queue_full', 1);
        return;
      }
      queued += 1;
      processor.onEnd(span);
    },
    forceFlush: () => processor.forceFlush(),
    shutdown: () => processor.shutdown(),
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
