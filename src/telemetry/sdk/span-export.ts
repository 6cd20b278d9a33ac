import { TraceFlags } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import type { TelemetryConfig } from '../../config/telemetry-config.ts';
import { createExportQueue, type LossReason } from '../otlp/export-queue.ts';
import { createReceiver } from '../otlp/otlp-http.ts';
import { createSpanBatch, type EndedSpan } from '../otlp/otlp-spans.ts';

/** Accepts spans of the SDK, as one of its processors, and those that the service records itself. */
export interface SpanExport extends SpanProcessor {
  onEnd(span: EndedSpan): void;
}

/** Exports spans over OTLP in batches, and encodes each when it ends. */
export function createSpanExport(
  bounds: TelemetryConfig['batch'],
  drop: (reason: LossReason, count: number) => void,
  proxy?: TelemetryConfig['proxy'],
): SpanExport {
  const receiver = createReceiver<EndedSpan>(
    {
      name: 'TRACES',
      path: 'v1/traces',
      item: 'span',
      exporter: 'otlp_http_span_exporter',
      deserializeResponse: ProtobufTraceSerializer.deserializeResponse,
    },
    proxy,
  );
  const queue = createExportQueue(bounds, 'spans', createSpanBatch, receiver, drop);
  return {
    onStart: () => {},
    onEnd(span) {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) queue.add(span);
    },
    forceFlush: queue.forceFlush,
    shutdown: queue.shutdown,
  };
}
