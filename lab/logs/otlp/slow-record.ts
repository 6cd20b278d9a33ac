import { writeAttributes, writeValue } from '../../../src/telemetry/otlp/otlp-attributes.ts';
import { writeTime } from '../../../src/telemetry/otlp/otlp-batch.ts';
import { ProtobufWriter } from '../../../src/telemetry/otlp/protobuf-writer.ts';
import type { Json } from '../lines/json.ts';
import type { LogRecord } from '../lines/record.ts';
import type { Moment } from '../lines/times.ts';
import type { RecordBytes } from './record-bytes.ts';

const scratch = new ProtobufWriter();

/**
 * Writes a parsed line as a LogRecord, in field 2 of a ScopeLogs.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/v1.8.0/opentelemetry/proto/logs/v1/logs.proto
 */
export function writeRecord(to: RecordBytes, record: LogRecord, observed: Moment): void {
  scratch.clear();
  const message = scratch.begin(2, 2);
  if (record.time !== undefined) writeTime(scratch, 1, [...record.time]);
  if (record.severity !== 0) scratch.varint(2, record.severity);
  if (record.level !== undefined) scratch.string(3, record.level);
  if (record.message !== undefined) writeBody(record.message);
  writeAttributes(scratch, 6, record.attributes);
  if (record.trace !== undefined) scratch.hex(9, record.trace);
  if (record.span !== undefined) scratch.hex(10, record.span);
  writeTime(scratch, 11, [...observed]);
  scratch.end(message, 2);
  to.append(scratch.written());
}

/**
 * Writes text as the body of a LogRecord.
 *
 * @param piece the number of the piece if the line was too long for one record, from 0
 */
export function writeTextRecord(
  to: RecordBytes,
  text: string,
  observed: Moment,
  piece: number | undefined,
): void {
  scratch.clear();
  const message = scratch.begin(2, 2);
  writeBody(text);
  if (piece !== undefined) writeAttributes(scratch, 6, { 'log.piece': piece });
  writeTime(scratch, 11, [...observed]);
  scratch.end(message, 2);
  to.append(scratch.written());
}

function writeBody(value: Json): void {
  const body = scratch.begin(5);
  writeValue(scratch, value);
  scratch.end(body);
}
