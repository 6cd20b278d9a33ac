import type { HrTime } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { Batch } from './export-queue.ts';
import { writeAttributes } from './otlp-attributes.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** The source of a span or log record. */
interface WithOrigin {
  readonly resource: Resource;
  readonly instrumentationScope: InstrumentationScope;
}

/**
 * Spans or log records in OTLP's wire format, each encoded when it is added.
 *
 * Why not the SDK's serializer: it encodes a whole batch at once, so until then every span waits as a graph of objects
 * that the garbage collector copies, and then encoding a full batch blocks the event loop. Here a waiting span is a few
 * hundred bytes. With the queue this saves 22 µs of CPU per request of six spans, about 3.5 % of a request whose trace is
 * sampled (docs/benchmarks/spans.md).
 */
export interface OtlpBatch<Item> extends Batch<Item> {
  /** Returns an `ExportTraceServiceRequest` or `ExportLogsServiceRequest` and empties the batch. */
  toRequest(): Uint8Array;
}

/** Writers for reuse, already grown to the size of a batch: at most one per batch that waits at the same time. */
const idle: ProtobufWriter[] = [];

/** Bytes for resource and scopes. The buffer grows if they need more. */
const roomForResource = 4096;

/** @param write writes an item as a message in field 2, its field in both requests */
export function createOtlpBatch<Item extends WithOrigin>(
  write: (to: ProtobufWriter, item: Item) => void,
): OtlpBatch<Item> {
  // All items of a process have the same resource.
  let resource: Resource | undefined;
  const itemsOf = new Map<InstrumentationScope, ProtobufWriter>();
  let size = 0;

  return {
    get size() {
      return size;
    },
    add(item) {
      resource ??= item.resource;
      let items = itemsOf.get(item.instrumentationScope);
      if (items === undefined) {
        items = idle.pop() ?? new ProtobufWriter();
        itemsOf.set(item.instrumentationScope, items);
      }
      write(items, item);
      size += 1;
    },
    async settled() {
      await resource?.waitForAsyncAttributes?.();
    },
    toRequest() {
      const length = itemsOf.values().reduce((sum, items) => sum + items.length, 0);
      const request = new ProtobufWriter(length + roomForResource);
      const ofResource = request.begin(1, 2);
      const about = request.begin(1, 2);
      writeAttributes(request, 1, resource?.attributes ?? {});
      request.end(about, 2);
      for (const [scope, items] of itemsOf) {
        const ofScope = request.begin(2, 2);
        const instrumentation = request.begin(1);
        request.string(1, scope.name);
        if (scope.version) request.string(2, scope.version);
        request.end(instrumentation);
        request.append(items.written());
        if (scope.schemaUrl) request.string(3, scope.schemaUrl);
        request.end(ofScope, 2);
      }
      if (resource?.schemaUrl) request.string(3, resource.schemaUrl);
      request.end(ofResource, 2);
      for (const items of itemsOf.values()) {
        items.clear();
        idle.push(items);
      }
      itemsOf.clear();
      return request.written();
    },
  };
}

/** Nanoseconds since 1970 exceed 53 bits. As 10⁹ is 1,953,125 · 2⁹, each 32-bit half is exact. */
export function writeTime(to: ProtobufWriter, field: number, [seconds, nanoseconds]: HrTime): void {
  const product = seconds * 1_953_125;
  const low = (product % 2 ** 23) * 2 ** 9 + nanoseconds;
  const carry = low >= 2 ** 32 ? 1 : 0;
  to.fixed64(field, Math.floor(product / 2 ** 23) + carry, low - carry * 2 ** 32);
}
