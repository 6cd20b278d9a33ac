import { TraceFlags } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { TelemetryConfig } from '../../config/telemetry-config.ts';
import { createExportQueue, type LossReason } from '../otlp/export-queue.ts';
import { createHttpReceiver } from '../otlp/otlp-http.ts';
import { createJsonBatch } from '../otlp/otlp-json.ts';
import { createSpanBatch, type EndedSpan } from '../otlp/otlp-spans.ts';
import type { OtlpForm, Signal } from '../otlp/otlp-receiver.ts';

const signal: Signal = {
  name: 'TRACES',
  item: 'span',
  deserializeResponse: ProtobufTraceSerializer.deserializeResponse,
};

/** Accepts spans of the SDK, as one of its processors, and those that the service records itself. */
export interface SpanExport extends SpanProcessor {
  onEnd(span: EndedSpan): void;
}

/** Exports spans over OTLP in batches. In protobuf it encodes each when it ends; in JSON it takes those of the SDK only. */
export async function createSpanExport(
  bounds: TelemetryConfig['batch'],
  drop: (reason: LossReason, count: number) => void,
  proxy?: TelemetryConfig['proxy'],
  form: OtlpForm = 'protobuf',
): Promise<SpanExport> {
  const receiver =
    form === 'grpc'
      ? (await import('../otlp/otlp-grpc.ts')).createGrpcReceiver<EndedSpan>(signal)
      : createHttpReceiver<EndedSpan>(signal, form, proxy);
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
