import {
  convertLegacyHttpOptions,
  createOtlpHttpExportDelegate,
} from '@opentelemetry/otlp-exporter-base/node-http';
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import type { NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import type { TelemetryConfig } from '../config.ts';
import { type Batch, createExportQueue, type LossReason } from './export-queue.ts';

type LogRecordProcessor = NonNullable<NodeSDKConfiguration['logRecordProcessors']>[number];
type LogRecord = Parameters<LogRecordProcessor['onEmit']>[0];
type LogBatch = Batch<LogRecord> & { records: readonly LogRecord[] };

/** Sends log records over OTLP in batches. */
export function createLogExport(
  bounds: TelemetryConfig['logBatch'],
  drop: (reason: LossReason, count: number) => void,
): LogRecordProcessor {
  const queue = createExportQueue(bounds, 'log records', createLogBatch, createReceiver(), drop);
  return { onEmit: queue.add, forceFlush: queue.forceFlush, shutdown: queue.shutdown };
}

function createLogBatch(): LogBatch {
  const records: LogRecord[] = [];
  return {
    records,
    get size() {
      return records.length;
    },
    add: (record) => void records.push(record),
    async settled() {
      // All of one process have the same.
      await records[0]?.resource.waitForAsyncAttributes?.();
    },
  };
}

function createReceiver() {
  const options = convertLegacyHttpOptions({}, 'LOGS', 'v1/logs', {
    'content-type': 'application/x-protobuf',
  });
  const serializer = {
    serializeRequest: ({ records }: LogBatch) => ProtobufLogsSerializer.serializeRequest([...records]),
    deserializeResponse: ProtobufLogsSerializer.deserializeResponse,
  };
  const items = { name: 'log' as const, countItems: (batch: LogBatch) => batch.size };
  return createOtlpHttpExportDelegate(options, serializer, 'otlp_http_log_exporter', items, undefined);
}
