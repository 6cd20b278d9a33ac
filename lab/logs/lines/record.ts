import { type FieldTable, placeOf, roles } from './fields.ts';
import { type Json, parseJson } from './json.ts';
import { severityOf } from './levels.ts';
import { type Moment, momentOfNumber, momentOfText, momentOfWhole } from './times.ts';

/** A log line with each part in its place. What is not usable in its role stays an attribute. */
export interface LogRecord {
  time: Moment | undefined;
  /** 0 if the line has none. */
  severity: number;
  /** As it is written in the line. */
  level: string | undefined;
  /** `undefined` if the line has none. */
  message: Json | undefined;
  service: string | undefined;
  /** 32 and 16 hexadecimal digits. */
  trace: string | undefined;
  span: string | undefined;
  attributes: Record<string, Json>;
}

/** Bytes; a name, not free text. */
export const longestService = 255;
/** Levels of objects and arrays within a line. Receivers read protobuf with a limit, too. */
const deepest = 64;

/**
 * Reads a line with JSON.parse. `undefined` unless it is a JSON object of a depth that can be forwarded.
 *
 * This is what every line means; the fast path gives the same for the lines that it takes.
 */
export function parseRecord(line: string, table: FieldTable): LogRecord | undefined {
  let value: Json;
  try {
    value = parseJson(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !isShallow(value, deepest))
    return undefined;
  return toRecord(value, table);
}

function isShallow(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((each) => isShallow(each, levels - 1));
}

function toRecord(object: Record<string, Json>, table: FieldTable): LogRecord {
  const record: LogRecord = {
    time: undefined,
    severity: 0,
    level: undefined,
    message: undefined,
    service: undefined,
    trace: undefined,
    span: undefined,
    // A member may be called `__proto__`.
    attributes: Object.create(null) as Record<string, Json>,
  };
  for (const name of Object.keys(object)) {
    const value = object[name] ?? null;
    const [index] = placeOf(table, name);
    const role = roles[index];
    const isFirst = role !== undefined && table[role].find((each) => Object.hasOwn(object, each)) === name;
    if (!isFirst || !place[role](record, value)) record.attributes[name] = value;
  }
  return record;
}

/** Puts a value in the place of its role. @returns false if it is not usable there */
const place: Readonly<Record<(typeof roles)[number], (record: LogRecord, value: Json) => boolean>> = {
  time(record, value) {
    if (typeof value === 'string') record.time = momentOfText(value);
    else if (typeof value === 'number') record.time = momentOfNumber(value);
    else if (typeof value === 'bigint') record.time = momentOfWhole(value);
    return record.time !== undefined;
  },
  level(record, value) {
    if (typeof value !== 'string' && typeof value !== 'number') return false;
    record.severity = severityOf(value);
    record.level = String(value);
    return true;
  },
  message(record, value) {
    record.message = value;
    return true;
  },
  service(record, value) {
    if (typeof value !== 'string' || value === '' || Buffer.byteLength(value) > longestService) return false;
    record.service = value;
    return true;
  },
  trace(record, value) {
    if (typeof value !== 'string' || !isId(value, 32)) return false;
    record.trace = value;
    return true;
  },
  span(record, value) {
    if (typeof value !== 'string' || !isId(value, 16)) return false;
    record.span = value;
    return true;
  },
};

/** @see https://www.w3.org/TR/trace-context/#trace-id an id of zeros alone is invalid */
function isId(text: string, digits: number): boolean {
  return text.length === digits && /^[\da-f]+$/i.test(text) && /[^0]/.test(text);
}
