import { TraceFlags } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { TelemetryConfig } from '../../config/telemetry-config.ts';
import { createExportQueue, type LossReason } from '../otlp/export-queue.ts';
import { createReceiver, type OtlpForm } from '../otlp/otlp-http.ts';
import { createJsonBatch } from '../otlp/otlp-json.ts';
import { createSpanBatch, type EndedSpan } from '../otlp/otlp-spans.ts';

/** Accepts spans of the SDK, as one of its processors, and those that the service records itself. */
export interface SpanExport extends SpanProcessor {
  onEnd(span: EndedSpan): void;
}

/** Exports spans over OTLP in batches. In protobuf it encodes each when it ends; in JSON it takes those of the SDK only. */
export function createSpanExport(
  bounds: TelemetryConfig['batch'],
  drop: (reason: LossReason, count: number) => void,
  proxy?: TelemetryConfig['proxy'],
  form: OtlpForm = 'protobuf',
): SpanExport {
  const receiver = createReceiver<EndedSpan>(
    {
      name: 'TRACES',
      path: 'v1/traces',
      item: 'span',
      exporter: 'otlp_http_span_exporter',
      form,
      deserializeResponse: ProtobufTraceSerializer.deserializeResponse,
    },
    proxy,
  );
  const createBatch =
    form === 'json'
      ? () =>
          createJsonBatch<EndedSpan>((spans) => JsonTraceSerializer.serializeRequest(spans as ReadableSpan[]))
      : createSpanBatch;
  const queue = createExportQueue(bounds, 'spans', createBatch, receiver, drop);
  return {
    onStart: () => {},
    onEnd(span) {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) queue.add(span);
    },
    forceFlush: queue.forceFlush,
    shutdown: queue.shutdown,
  };
}
