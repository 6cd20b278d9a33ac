import { ProtobufWriter } from '../../../src/telemetry/otlp/protobuf-writer.ts';
import { decode, many, message, one, unread } from '../../console/otlp/protobuf.ts';

const logRequest = message({
  resourceLogs: many(
    1,
    message({
      resource: one(1, unread),
      scopeLogs: many(2, message({ scope: one(1, unread), records: many(2, unread) })),
    }),
  ),
});

/** An ExportLogsServiceRequest and the number of its records. */
export interface LogRequest {
  request: Uint8Array;
  lines: number;
}

/**
 * Halves a request for a receiver that takes none of its size.
 *
 * @returns two requests with all its records in their order, or `undefined` if it has a single one
 */
export function halvesOf({ request, lines }: LogRequest): readonly [LogRequest, LogRequest] | undefined {
  if (lines < 2) return undefined;
  const { resourceLogs } = decode(
    logRequest,
    Buffer.from(request.buffer, request.byteOffset, request.length),
  );
  const middle = lines >> 1;
  const part = (from: number, to: number): LogRequest => {
    const writer = new ProtobufWriter(request.length);
    let before = 0;
    for (const { resource, scopeLogs } of resourceLogs) {
      for (const { scope, records } of scopeLogs) {
        const taken = records.slice(Math.max(0, from - before), Math.max(0, to - before));
        before += records.length;
        if (taken.length === 0) continue;
        const ofResource = writer.begin(1, 2);
        writer.raw(1, resource);
        const ofScope = writer.begin(2, 2);
        writer.raw(1, scope);
        for (const record of taken) writer.raw(2, record);
        writer.end(ofScope, 2);
        writer.end(ofResource, 2);
      }
    }
    return { request: writer.written(), lines: to - from };
  };
  return [part(0, middle), part(middle, lines)];
}
