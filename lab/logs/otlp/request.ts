import { writeAttributes } from '../../../src/telemetry/otlp/otlp-attributes.ts';
import { ProtobufWriter } from '../../../src/telemetry/otlp/protobuf-writer.ts';
import type { RecordBytes } from './record-bytes.ts';

/** Bytes of a resource and a scope. The buffer grows if they need more. */
const roomForResource = 128;

/**
 * An ExportLogsServiceRequest with the records of each service under a resource of its own.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/v1.8.0/opentelemetry/proto/collector/logs/v1/logs_service.proto
 */
export function assembleRequest(
  sections: Iterable<{ service: string | undefined; records: RecordBytes }>,
): Buffer {
  const all = [...sections];
  const request = new ProtobufWriter(
    all.reduce((sum, { records }) => sum + records.length + roomForResource, 0),
  );
  for (const { service, records } of all) {
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
  return Buffer.from(request.written().buffer, request.written().byteOffset, request.length);
}
