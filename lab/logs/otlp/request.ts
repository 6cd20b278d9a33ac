import { writeAttributes } from '../../../src/telemetry/otlp/otlp-attributes.ts';
import type { ProtobufWriter } from '../../../src/telemetry/otlp/protobuf-writer.ts';
import type { RecordBytes } from './record-bytes.ts';

/**
 * Writes an ExportLogsServiceRequest with the records of each service under a resource of its own.
 *
 * @returns the bytes, valid until the writer is used again
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/v1.8.0/opentelemetry/proto/collector/logs/v1/logs_service.proto
 */
export function assembleRequest(
  request: ProtobufWriter,
  sections: Iterable<{ service: string | undefined; records: RecordBytes }>,
): Uint8Array {
  request.clear();
  for (const { service, records } of sections) {
    const ofResource = request.begin(1, 2);
    const resource = request.begin(1, 2);
    if (service !== undefined) writeAttributes(request, 1, { 'service.name': service });
    request.end(resource, 2);
    const ofScope = request.begin(2, 2);
    const scope = request.begin(1);
    request.string(1, 'observable-orders/logs');
    request.end(scope);
    request.append(records.bytes.subarray(0, records.length));
    request.end(ofScope, 2);
    request.end(ofResource, 2);
  }
  return request.written();
}
