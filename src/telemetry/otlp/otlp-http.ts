import {
  convertLegacyHttpOptions,
  createOtlpHttpExportDelegate,
} from '@opentelemetry/otlp-exporter-base/node-http';
import type { OtlpBatch } from './otlp-batch.ts';

/**
 * The SDK's OTLP exporter over HTTP, with its variables for each signal.
 *
 * @param signal the parts that differ between signals, in the SDK's terms
 */
export function createReceiver<Item>(signal: {
  name: 'TRACES' | 'LOGS';
  path: string;
  item: 'span' | 'log';
  exporter: string;
  deserializeResponse(data: Uint8Array): unknown;
}) {
  const options = convertLegacyHttpOptions({}, signal.name, signal.path, {
    'content-type': 'application/x-protobuf',
  });
  const serializer = {
    serializeRequest: (batch: OtlpBatch<Item>) => batch.toRequest(),
    deserializeResponse: signal.deserializeResponse,
  };
  const items = { name: signal.item, countItems: (batch: OtlpBatch<Item>) => batch.size };
  return createOtlpHttpExportDelegate(options, serializer, signal.exporter, items, undefined);
}
