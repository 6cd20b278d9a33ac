import type { Attributes } from '@opentelemetry/api';
import { ProtobufWriter } from './protobuf-writer.ts';

/** The field number of the attributes in a span. */
export const spanAttributes = 9;

/** Encodes attributes of a span on their own, to append them to many spans. */
export function encodeAttributes(attributes: Attributes): Uint8Array {
  const to = new ProtobufWriter(256);
  writeAttributes(to, spanAttributes, attributes);
  return to.written();
}

type Value = Attributes[string];

export function writeAttributes(to: ProtobufWriter, field: number, attributes: Attributes): void {
  for (const key in attributes) {
    const attribute = to.begin(field);
    to.string(1, key);
    const value = to.begin(2);
    writeValue(to, attributes[key]);
    to.end(value);
    to.end(attribute);
  }
}

/** Writes an `AnyValue`. An empty message means that the value is not set. A bigint is an integer of 64 bits. */
export function writeValue(to: ProtobufWriter, value: Value): void {
  if (typeof value === 'string') to.string(1, value);
  else if (typeof value === 'boolean') to.varint(2, value ? 1 : 0);
  else if (typeof value === 'bigint') to.int64(3, value);
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) to.int64(3, value);
    else to.double(4, value);
  } else if (value instanceof Uint8Array) to.raw(7, value);
  else if (Array.isArray(value)) {
    const list = to.begin(5);
    for (const item of value) {
      const element = to.begin(1);
      writeValue(to, item);
      to.end(element);
    }
    to.end(list);
  } else if (typeof value === 'object' && value !== null) {
    const map = to.begin(6);
    writeAttributes(to, 1, value as Attributes);
    to.end(map);
  }
}
