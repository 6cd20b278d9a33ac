import { JsonLogsSerializer, ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import type { TelemetryConfig } from '../../config/telemetry-config.ts';
import { createExportQueue, type LossReason } from '../otlp/export-queue.ts';
import { createHttpReceiver } from '../otlp/otlp-http.ts';
import { createJsonBatch } from '../otlp/otlp-json.ts';
import { createLogBatch, type EmittedRecord, type LogRecordProcessor } from '../otlp/otlp-log-records.ts';
import type { OtlpForm, Signal } from '../otlp/otlp-receiver.ts';

const signal: Signal = {
  name: 'LOGS',
  item: 'log',
  deserializeResponse: ProtobufLogsSerializer.deserializeResponse,
};

/** Exports log records over OTLP in batches. In protobuf it encodes each when it is emitted. */
export async function createLogExport(
  bounds: TelemetryConfig['logBatch'],
  drop: (reason: LossReason, count: number) => void,
  proxy?: TelemetryConfig['proxy'],
  form: OtlpForm = 'protobuf',
): Promise<LogRecordProcessor> {
  const receiver =
    form === 'grpc'
      ? (await import('../otlp/otlp-grpc.ts')).createGrpcReceiver<EmittedRecord>(signal)
      : createHttpReceiver<EmittedRecord>(signal, form, proxy);
  const createBatch =
    form === 'json'
      ? () => createJsonBatch<EmittedRecord>((records) => JsonLogsSerializer.serializeRequest(records))
      : createLogBatch;
  const queue = createExportQueue(bounds, 'log records', createBatch, receiver, drop);
  return { onEmit: queue.add, forceFlush: queue.forceFlush, shutdown: queue.shutdown };
}
