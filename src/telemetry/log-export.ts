import {
  convertLegacyHttpOptions,
  createOtlpHttpExportDelegate,
} from '@opentelemetry/otlp-exporter-base/node-http';
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import type { TelemetryConfig } from '../config.ts';
import { createExportQueue, type LossReason } from './export-queue.ts';
import type { OtlpBatch } from './otlp-batch.ts';
import { createLogBatch, type EmittedRecord, type LogRecordProcessor } from './otlp-log-records.ts';

/** Sends log records over OTLP in batches. Each is encoded when it is emitted. */
export function createLogExport(
  bounds: TelemetryConfig['logBatch'],
  drop: (reason: LossReason, count: number) => void,
): LogRecordProcessor {
  const queue = createExportQueue(bounds, 'log records', createLogBatch, createReceiver(), drop);
  return { onEmit: queue.add, forceFlush: queue.forceFlush, shutdown: queue.shutdown };
}

function createReceiver() {
  const options = convertLegacyHttpOptions({}, 'LOGS', 'v1/logs', {
    'content-type': 'application/x-protobuf',
  });
  const serializer = {
    serializeRequest: (batch: OtlpBatch<EmittedRecord>) => batch.toRequest(),
    deserializeResponse: ProtobufLogsSerializer.deserializeResponse,
  };
  const items = { name: 'log' as const, countItems: (batch: OtlpBatch<EmittedRecord>) => batch.size };
  return createOtlpHttpExportDelegate(options, serializer, 'otlp_http_log_exporter', items, undefined);
}
