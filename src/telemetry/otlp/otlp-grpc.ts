import {
  convertLegacyOtlpGrpcOptions,
  createOtlpGrpcExportDelegate,
} from '@opentelemetry/otlp-grpc-exporter-base';
import type { Receiver } from './export-queue.ts';
import type { OtlpBatch } from './otlp-batch.ts';
import { createReceiver, type Signal } from './otlp-receiver.ts';

/** By the name of the signal: the SDK's names of its client and its exporter, and the path of the service. */
const services = {
  TRACES: {
    client: 'TraceExportService',
    exporter: 'otlp_grpc_span_exporter',
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  },
  LOGS: {
    client: 'LogsExportService',
    exporter: 'otlp_grpc_log_exporter',
    path: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  },
} as const;

/**
 * The SDK's OTLP exporter over gRPC, with its variables for each signal. The SDK repeats no call: what one does not deliver is
 * lost.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
 */
export function createGrpcReceiver<Item>(signal: Signal): Receiver<OtlpBatch<Item>> {
  const { client, exporter, path } = services[signal.name];
  const options = convertLegacyOtlpGrpcOptions({}, signal.name);
  const items = { name: signal.item, countItems: (batch: OtlpBatch<Item>) => batch.size };
  return createReceiver(signal, (serializer) =>
    createOtlpGrpcExportDelegate(options, serializer, exporter, items, undefined, client, path),
  );
}
