/**
 * `ExportTraceServiceRequest.resource_spans`, `ResourceSpans.scope_spans`, `ScopeSpans.spans`, and the same for log
 * records.
 */
const pathToItems = [1, 2, 2];

/** Counts the spans or log records in an OTLP export request (Protobuf) without decoding them. */
export function countItems(request: Uint8Array): number {
  return count(request, pathToItems);
}

function count(message: Uint8Array, [field, ...deeper]: readonly number[]): number {
  let total = 0;
  for (const { number, content } of submessages(message)) {
    if (number === field) total += deeper.length === 0 ? 1 : count(content, deeper);
  }
  return total;
}

/** @see https://protobuf.dev/programming-guides/encoding/ */
function* submessages(message: Uint8Array): Generator<{ number: number; content: Uint8Array }> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const wireType = tag & 7;
    if (wireType === 2) {
      const length = varint();
      yield { number: tag >>> 3, content: message.subarray(at, at + length) };
      at += length;
    } else if (wireType === 0) varint();
    else at += wireType === 1 ? 8 : 4;
  }
}
