import { writeValue } from '../../../src/telemetry/otlp/otlp-attributes.ts';
import { ProtobufWriter } from '../../../src/telemetry/otlp/protobuf-writer.ts';
import type { FieldName } from '../lines/fields.ts';
import { type Json, parseJson } from '../lines/json.ts';
import { kinds } from '../lines/kinds.ts';
import type { Scanner } from '../lines/scanner.ts';
import type { Moment } from '../lines/times.ts';
import type { RecordBytes } from './record-bytes.ts';

/** What a line means, beside the members themselves: the index of each member with a role, or -1. */
export interface Parts {
  /** Whether the line has a usable time. */
  hasTime: boolean;
  seconds: number;
  nanoseconds: number;
  severity: number;
  level: number;
  message: number;
  trace: number;
  span: number;
  service: number;
  time: number;
}

/** The tags of the fields of a LogRecord; see otlp/slow-record.ts. */
const tag = {
  record: 0x12,
  time: 0x09,
  severity: 0x10,
  level: 0x1a,
  body: 0x2a,
  attribute: 0x32,
  trace: 0x4a,
  span: 0x52,
  observed: 0x59,
} as const;

/** Bytes of a record besides its texts, and of an attribute besides its name and value. */
const roomForRecord = 128;
const roomForAttribute = 32;

const scratch = new ProtobufWriter();
const digits = new Uint8Array(256).fill(0xff);
for (let value = 0; value < 16; value += 1) {
  const digit = value.toString(16);
  digits[digit.charCodeAt(0)] = value;
  digits[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Writes the line that the scanner is at as a LogRecord, from its bytes. */
export function writeFastRecord(
  to: RecordBytes,
  line: Scanner<FieldName>,
  parts: Parts,
  observed: Moment,
): void {
  to.makeRoom(line.end - line.start + roomForRecord + line.count * roomForAttribute);
  to.byte(tag.record);
  to.length += 4;
  const start = to.length;
  if (parts.hasTime) to.time(tag.time, parts.seconds, parts.nanoseconds);
  if (parts.severity !== 0) {
    to.byte(tag.severity);
    to.byte(parts.severity);
  }
  if (parts.level >= 0) writeText(to, tag.level, line, parts.level);
  if (parts.message >= 0) {
    to.byte(tag.body);
    writeAnyValue(to, line, parts.message);
  }
  for (let index = 0; index < line.count; index += 1) {
    const isPart =
      index === parts.message ||
      index === parts.time ||
      index === parts.level ||
      index === parts.service ||
      index === parts.trace ||
      index === parts.span;
    if (!isPart) writeAttribute(to, line, index);
  }
  if (parts.trace >= 0) writeId(to, tag.trace, line, parts.trace);
  if (parts.span >= 0) writeId(to, tag.span, line, parts.span);
  to.time(tag.observed, observed[0], observed[1]);
  to.lengthBefore(start);
}

function writeAttribute(to: RecordBytes, line: Scanner<FieldName>, index: number): void {
  const key = line.names[index]?.key;
  if (key === undefined) return;
  to.makeRoom(key.length + roomForAttribute + line.end - line.start);
  to.byte(tag.attribute);
  to.length += 4;
  const start = to.length;
  for (let i = 0; i < key.length; i += 1) to.bytes[to.length + i] = key[i] ?? 0;
  to.length += key.length;
  to.byte(0x12);
  writeAnyValue(to, line, index);
  to.lengthBefore(start);
}

/** Writes the length of an AnyValue and the value. */
function writeAnyValue(to: RecordBytes, line: Scanner<FieldName>, index: number): void {
  const kind = line.kinds[index];
  const start = line.starts[index] ?? 0;
  const end = line.ends[index] ?? 0;
  if (kind === kinds.text) {
    const length = end - start;
    const before = to.length;
    to.varint(1 + sizeOfVarint(length) + length);
    to.byte(0x0a);
    to.varint(length);
    if (to.text(line.bytes, line.view, start, end)) return;
    to.length = before;
    writeParsed(to, line.bytes.toString('utf8', start, end));
  } else if (kind === kinds.whole) {
    const value = wholeOf(line.bytes, start, end);
    to.byte(1 + sizeOfVarint(value));
    to.byte(0x18);
    to.varint(value);
  } else if (kind === kinds.literal) {
    const first = line.bytes[start];
    // `null` is an AnyValue that is not set.
    if (first === 0x6e) {
      to.byte(0);
      return;
    }
    to.byte(2);
    to.byte(0x10);
    to.byte(first === 0x74 ? 1 : 0);
  } else writeParsed(to, parseJson(line.bytes.toString('utf8', start, end)));
}

function writeParsed(to: RecordBytes, value: Json): void {
  scratch.clear();
  writeValue(scratch, value);
  to.makeRoom(8 + scratch.length);
  to.varint(scratch.length);
  to.append(scratch.written());
}

function writeText(to: RecordBytes, field: number, line: Scanner<FieldName>, index: number): void {
  const start = line.starts[index] ?? 0;
  const end = line.ends[index] ?? 0;
  const before = to.length;
  to.byte(field);
  to.varint(end - start);
  if (to.text(line.bytes, line.view, start, end)) return;
  to.length = before;
  const text = Buffer.from(line.bytes.toString('utf8', start, end));
  to.makeRoom(8 + text.length);
  to.byte(field);
  to.varint(text.length);
  to.append(text);
}

function writeId(to: RecordBytes, field: number, line: Scanner<FieldName>, index: number): void {
  const start = line.starts[index] ?? 0;
  const end = line.ends[index] ?? 0;
  const { bytes } = line;
  to.byte(field);
  to.byte((end - start) >> 1);
  for (let at = start; at < end; at += 2)
    to.byte(((digits[bytes[at] ?? 0] ?? 0) << 4) | (digits[bytes[at + 1] ?? 0] ?? 0));
}

/** Whether a text is so many hexadecimal digits, not all of them 0. */
export function isId(bytes: Buffer, start: number, end: number, length: number): boolean {
  if (end - start !== length) return false;
  let all = 0;
  for (let at = start; at < end; at += 1) all |= digits[bytes[at] ?? 0] ?? 0xff;
  return all > 0 && all <= 0xf;
}

/** @returns the value of a member of the kind `whole` */
export function wholeOf(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) value = value * 10 + (bytes[at] ?? 0) - 0x30;
  return value;
}

function sizeOfVarint(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) size += 1;
  return size;
}
