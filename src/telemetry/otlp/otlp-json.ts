import type { Resource } from '@opentelemetry/resources';
import type { OtlpBatch } from './otlp-batch.ts';

/**
 * Spans or log records that the SDK's serializer encodes in JSON when the batch is sent. Slower than protobuf: a batch is
 * encoded at once.
 */
export function createJsonBatch<Item extends { readonly resource: Resource }>(
  serialize: (items: Item[]) => Uint8Array | undefined,
): OtlpBatch<Item> {
  let items: Item[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    add(item) {
      items.push(item);
      size += 1;
    },
    async settled() {
      await items[0]?.resource.waitForAsyncAttributes?.();
    },
    toRequest() {
      const request = serialize(items) ?? new Uint8Array();
      items = [];
      return withValidNumbers(request);
    },
  };
}

/**
 * JSON has no NaN and no infinity, which become `null`, and an integer beyond 64 bits is none: a receiver refuses the whole
 * request for one of them. A value without a number is an attribute that is not set, and a large integer is a double.
 *
 * @see https://protobuf.dev/programming-guides/json/
 */
export function withValidNumbers(request: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(request);
  if (!suspicious.test(text)) return request;
  const valid: unknown = JSON.parse(text, (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if ('doubleValue' in value && value.doubleValue === null) return {};
    if ('intValue' in value && typeof value.intValue === 'number' && !Number.isSafeInteger(value.intValue))
      return { doubleValue: value.intValue };
    return value;
  });
  return new TextEncoder().encode(JSON.stringify(valid));
}

/** Most requests hold neither, and a search costs less than reading the JSON. */
const suspicious = /"doubleValue":null|"intValue":-?(?:\d{16}|\d+e|\d+\.)/;
