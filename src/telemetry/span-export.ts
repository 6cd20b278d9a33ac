import { TraceFlags } from '@opentelemetry/api';
import {
  convertLegacyHttpOptions,
  createOtlpHttpExportDelegate,
} from '@opentelemetry/otlp-exporter-base/node-http';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import type { TelemetryConfig } from '../config.ts';
import { createExportQueue, type LossReason } from './export-queue.ts';
import type { OtlpBatch } from './otlp-batch.ts';
import { createSpanBatch, type EndedSpan } from './otlp-spans.ts';

/** Takes spans of the SDK, as one of its processors, and those that were made without it. */
export interface SpanExport extends SpanProcessor {
  onEnd(span: EndedSpan): void;
}

/** Sends spans over OTLP in batches. Each is encoded when it ends. */
export function createSpanExport(
  bounds: TelemetryConfig['batch'],
  drop: (reason: LossReason, count: number) => void,
): SpanExport {
  const queue = createExportQueue(bounds, 'spans', createSpanBatch, createReceiver(), drop);
  return {
    onStart: () => {},
    onEnd(span) {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) queue.add(span);
    },
    forceFlush: queue.forceFlush,
    shutdown: queue.shutdown,
  };
}

function createReceiver() {
  const options = convertLegacyHttpOptions({}, 'TRACES', 'v1/traces', {
    'content-type': 'application/x-protobuf',
  });
  const serializer = {
    serializeRequest: (batch: OtlpBatch<EndedSpan>) => batch.toRequest(),
    deserializeResponse: ProtobufTraceSerializer.deserializeResponse,
  };
  const items = { name: 'span' as const, countItems: (batch: OtlpBatch<EndedSpan>) => batch.size };
  return createOtlpHttpExportDelegate(options, serializer, 'otlp_http_span_exporter', items, undefined);
}
