import type { Name } from './scanner.ts';

/** The parts of a log record that have a place of their own; every other member becomes an attribute. */
export const roles = ['time', 'level', 'message', 'service', 'trace', 'span'] as const;
export type Role = (typeof roles)[number];

/** The names under which a role is looked for. The first one that a line has counts. */
export type FieldTable = Readonly<Record<Role, readonly string[]>>;

/** What the service writes, and the usual others: ECS, zap, logrus, bunyan, winston, the OpenTelemetry data model. */
export const usualFields: FieldTable = {
  time: ['timestamp', 'time', 'ts', '@timestamp', 'datetime'],
  level: ['level', 'severity', 'severityText', 'severity_text', 'log.level', 'lvl', 'levelname'],
  message: ['message', 'msg', 'body'],
  service: ['service', 'service.name', 'service_name', 'serviceName'],
  trace: ['trace_id', 'traceId', 'trace.id', 'traceid'],
  span: ['span_id', 'spanId', 'span.id', 'spanid'],
};

/** Adds names in front of the usual ones. A name has one role: the one that it was given last. */
export function withFields(table: FieldTable, added: Partial<FieldTable>): FieldTable {
  const taken = new Set(Object.values(added).flat());
  const merged = roles.map((role) => [
    role,
    [...(added[role] ?? []), ...table[role].filter((name) => !taken.has(name))],
  ]);
  return Object.fromEntries(merged) as FieldTable;
}

/** A name of members, with what is done with them. */
export interface FieldName extends Name {
  text: string;
  /** Index in {@link roles}, or -1. */
  role: number;
  /** Lower counts first. */
  rank: number;
  /** The name as the field `key` of a protobuf `KeyValue`. */
  key: Buffer;
}

/** @returns a function that returns the same object for the same text. Its caller bounds the number of texts */
export function createFieldNames(table: FieldTable): (text: string) => FieldName {
  const known = new Map<string, FieldName>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const [role, rank] = placeOf(table, text);
    const name = { line: 0, text, role, rank, key: encodedKey(text) };
    known.set(text, name);
    return name;
  };
}

/** @returns the index of the role and the rank of the name in it; -1 for a name without a role */
export function placeOf(table: FieldTable, name: string): [role: number, rank: number] {
  for (const [role, each] of roles.entries()) {
    const rank = table[each].indexOf(name);
    if (rank >= 0) return [role, rank];
  }
  return [-1, 0];
}

function encodedKey(text: string): Buffer {
  const name = Buffer.from(text);
  const length: number[] = [];
  let rest = name.length;
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([0x0a, ...length, rest]), name]);
}
