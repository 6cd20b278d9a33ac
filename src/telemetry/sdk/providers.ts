import { context, logs, propagation, type TextMapPropagator, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  detectResources,
  envDetector,
  hostDetector,
  processDetector,
  type Resource,
} from '@opentelemetry/resources';
import { LoggerProvider, type LogRecordProcessor } from '@opentelemetry/sdk-logs';
import { type Sampler, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

/** What `NodeSDK` of OpenTelemetry is for its caller. */
export interface Sdk {
  start(): void;
  shutdown(): Promise<void>;
}

interface Providers {
  resource: Resource;
  textMapPropagator: TextMapPropagator;
  spanProcessors?: SpanProcessor[];
  sampler?: Sampler;
  logRecordProcessors?: LogRecordProcessor[];
}

/**
 * Registers what `NodeSDK` registers when no variable asks for anything else, with its detectors and its defaults. `NodeSDK` itself
 * loads every exporter there is, which is a sixth of the start of the service.
 */
export function createProviders(options: Providers): Sdk {
  const { resource: given, textMapPropagator, spanProcessors, sampler, logRecordProcessors } = options;
  const started: Array<{ shutdown(): Promise<void> }> = [];
  return {
    start() {
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      propagation.setGlobalPropagator(textMapPropagator);
      const detected = detectResources({ detectors: [envDetector, processDetector, hostDetector] });
      const resource = given.merge(detected);
      if (spanProcessors) {
        const provider = new TracerProvider({ resource, spanProcessors, ...(sampler && { sampler }) });
        trace.setGlobalTracerProvider(provider);
        started.push(provider);
      }
      if (logRecordProcessors) {
        const provider = new LoggerProvider({ resource, processors: logRecordProcessors });
        logs.setGlobalLoggerProvider(provider);
        started.push(provider);
      }
    },
    shutdown: async () => void (await Promise.all(started.map((provider) => provider.shutdown()))),
  };
}
