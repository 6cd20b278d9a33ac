import type { NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import { writeAttributes, writeValue } from './otlp-attributes.ts';
import { createOtlpBatch, type OtlpBatch, writeTime } from './otlp-batch.ts';
import type { ProtobufWriter } from './protobuf-writer.ts';

export type LogRecordProcessor = NonNullable<NodeSDKConfiguration['logRecordProcessors']>[number];
export type EmittedRecord = Parameters<LogRecordProcessor['onEmit']>[0];

/**
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/v1.8.0/opentelemetry/proto/logs/v1/logs.proto
 */
export function createLogBatch(): OtlpBatch<EmittedRecord> {
  return createOtlpBatch(writeLogRecord);
}

function writeLogRecord(to: ProtobufWriter, record: EmittedRecord): void {
  const { spanContext } = record;
  const message = to.begin(2, 2);
  writeTime(to, 1, record.hrTime);
  if (record.severityNumber) to.varint(2, record.severityNumber);
  if (record.severityText) to.string(3, record.severityText);
  if (record.body !== undefined) {
    const body = to.begin(5);
    writeValue(to, record.body);
    to.end(body);
  }
  writeAttributes(to, 6, record.attributes);
  if (record.droppedAttributesCount > 0) to.varint(7, record.droppedAttributesCount);
  if (spanContext) {
    if (spanContext.traceFlags) to.fixed32(8, spanContext.traceFlags);
    to.hex(9, spanContext.traceId);
    to.hex(10, spanContext.spanId);
  }
  writeTime(to, 11, record.hrTimeObserved);
  if (record.eventName) to.string(12, record.eventName);
  to.end(message, 2);
}
