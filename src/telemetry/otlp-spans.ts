import { type HrTime, type Link, type SpanContext, SpanStatusCode } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace';
import type { ConstantAttributes } from './constant-attributes.ts';
import type { Batch } from './export-queue.ts';
import { spanAttributes, writeAttributes } from './otlp-attributes.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** What there is to tell of a span, whoever made it. */
export interface EndedSpan extends Omit<ReadableSpan, 'duration' | 'ended' | 'parentSpanContext'> {
  readonly parentSpanContext?: SpanContext | undefined;
  readonly constant?: ConstantAttributes;
}

/**
 * Spans as OTLP has them on the wire, encoded one by one as they end: what waits to be sent is a few hundred bytes
 * each, and not a graph of objects that the garbage collector moves about until the batch is full.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/v1.8.0/opentelemetry/proto/trace/v1/trace.proto
 */
export interface SpanBatch extends Batch<EndedSpan> {
  /** An `ExportTraceServiceRequest`; the spans are gone from the batch after it. */
  toRequest(): Uint8Array;
}

/** Grown to the size of a batch already; there are as many as batches that waited at the same time. */
const idle: ProtobufWriter[] = [];

/** For resource and scopes, in bytes. More makes the buffer grow. */
const roomForTheRest = 4096;

export function createSpanBatch(): SpanBatch {
  // A process has one resource.
  let resource: Resource | undefined;
  const spansOf = new Map<InstrumentationScope, ProtobufWriter>();
  let size = 0;

  return {
    get size() {
      return size;
    },
    add(span) {
      resource ??= span.resource;
      let spans = spansOf.get(span.instrumentationScope);
      if (spans === undefined) {
        spans = idle.pop() ?? new ProtobufWriter();
        spansOf.set(span.instrumentationScope, spans);
      }
      writeSpan(spans, span);
      size += 1;
    },
    async settled() {
      await resource?.waitForAsyncAttributes?.();
    },
    toRequest() {
      const length = spansOf.values().reduce((sum, spans) => sum + spans.length, 0);
      const request = new ProtobufWriter(length + roomForTheRest);
      const resourceSpans = request.begin(1, 2);
      const about = request.begin(1, 2);
      writeAttributes(request, 1, resource?.attributes ?? {});
      request.end(about, 2);
      for (const [scope, spans] of spansOf) {
        const scopeSpans = request.begin(2, 2);
        const instrumentation = request.begin(1);
        request.string(1, scope.name);
        if (scope.version) request.string(2, scope.version);
        request.end(instrumentation);
        request.append(spans.written());
        if (scope.schemaUrl) request.string(3, scope.schemaUrl);
        request.end(scopeSpans, 2);
      }
      if (resource?.schemaUrl) request.string(3, resource.schemaUrl);
      request.end(resourceSpans, 2);
      for (const spans of spansOf.values()) {
        spans.clear();
        idle.push(spans);
      }
      spansOf.clear();
      return request.written();
    },
  };
}

function writeSpan(to: ProtobufWriter, span: EndedSpan): void {
  const { traceId, spanId, traceState, traceFlags } = span.spanContext();
  const message = to.begin(2, 2);
  to.hex(1, traceId);
  to.hex(2, spanId);
  if (traceState) to.string(3, traceState.serialize());
  if (span.parentSpanContext?.spanId) to.hex(4, span.parentSpanContext.spanId);
  to.string(5, span.name);
  // The API counts kinds from 0, the protocol keeps 0 for a kind that nobody told.
  to.varint(6, span.kind + 1);
  writeTime(to, 7, span.startTime);
  writeTime(to, 8, span.endTime);
  if (span.constant) to.append(span.constant.encoded);
  writeAttributes(to, spanAttributes, span.attributes);
  if (span.droppedAttributesCount > 0) to.varint(10, span.droppedAttributesCount);
  for (const event of span.events) writeEvent(to, event);
  if (span.droppedEventsCount > 0) to.varint(12, span.droppedEventsCount);
  for (const link of span.links) writeLink(to, link);
  if (span.droppedLinksCount > 0) to.varint(14, span.droppedLinksCount);
  if (span.status.code !== SpanStatusCode.UNSET) {
    const status = to.begin(15);
    if (span.status.message) to.string(2, span.status.message);
    to.varint(3, span.status.code);
    to.end(status);
  }
  to.fixed32(16, flagsOf(traceFlags, span.parentSpanContext));
  to.end(message, 2);
}

function writeEvent(
  to: ProtobufWriter,
  { time, name, attributes, droppedAttributesCount }: TimedEvent,
): void {
  const message = to.begin(11);
  writeTime(to, 1, time);
  to.string(2, name);
  writeAttributes(to, 3, attributes ?? {});
  if (droppedAttributesCount) to.varint(4, droppedAttributesCount);
  to.end(message);
}

function writeLink(to: ProtobufWriter, { context, attributes, droppedAttributesCount }: Link): void {
  const message = to.begin(13);
  to.hex(1, context.traceId);
  to.hex(2, context.spanId);
  if (context.traceState) to.string(3, context.traceState.serialize());
  writeAttributes(to, 4, attributes ?? {});
  if (droppedAttributesCount) to.varint(5, droppedAttributesCount);
  to.fixed32(6, flagsOf(context.traceFlags, context));
  to.end(message);
}

const knowsWhetherRemote = 0x1_00;
const isRemote = 0x2_00;

function flagsOf(traceFlags: number, origin: SpanContext | undefined): number {
  return traceFlags | knowsWhetherRemote | (origin?.isRemote ? isRemote : 0);
}

/** Nanoseconds since 1970, which is more than 53 bits: 10⁹ is 1,953,125 · 2⁹, and each half is exact. */
function writeTime(to: ProtobufWriter, field: number, [seconds, nanoseconds]: HrTime): void {
  const product = seconds * 1_953_125;
  const low = (product % 2 ** 23) * 2 ** 9 + nanoseconds;
  const carry = low >= 2 ** 32 ? 1 : 0;
  to.fixed64(field, Math.floor(product / 2 ** 23) + carry, low - carry * 2 ** 32);
}
