import type { ProtobufWriter } from '../../../src/telemetry/otlp/protobuf-writer.ts';
import type { Json } from '../lines/json.ts';

/** Writes members as attributes, each in a `KeyValue`. */
export function writeMembers(
  to: ProtobufWriter,
  field: number,
  members: Readonly<Record<string, Json>>,
): void {
  for (const name in members) {
    const attribute = to.begin(field);
    to.string(1, name);
    const value = to.begin(2);
    writeJson(to, members[name] ?? null);
    to.end(value);
    to.end(attribute);
  }
}

/** Writes the content of an `AnyValue`. That of `null` is empty. */
export function writeJson(to: ProtobufWriter, value: Json): void {
  if (typeof value === 'string') to.string(1, value);
  else if (typeof value === 'boolean') to.varint(2, value ? 1 : 0);
  else if (typeof value === 'bigint') to.int64(3, value);
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) to.int64(3, value);
    else to.double(4, value);
  } else if (Array.isArray(value)) {
    const list = to.begin(5);
    for (const item of value) {
      const element = to.begin(1);
      writeJson(to, item);
      to.end(element);
    }
    to.end(list);
  } else if (value !== null) {
    const map = to.begin(6);
    writeMembers(to, 1, value);
    to.end(map);
  }
}
