import { type Link, type SpanContext, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace';
import type { ConstantAttributes } from './constant-attributes.ts';
import { spanAttributes, writeAttributes } from './otlp-attributes.ts';
import { createOtlpBatch, type OtlpBatch, writeTime } from './otlp-batch.ts';
import type { ProtobufWriter } from './protobuf-writer.ts';

/** A span that has ended, whether the SDK or the service recorded it. */
export interface EndedSpan extends Omit<ReadableSpan, 'duration' | 'ended' | 'parentSpanContext'> {
  readonly parentSpanContext?: SpanContext | undefined;
  readonly constant?: ConstantAttributes;
}

/**
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/v1.8.0/opentelemetry/proto/trace/v1/trace.proto
 */
export function createSpanBatch(): OtlpBatch<EndedSpan> {
  return createOtlpBatch(writeSpan);
}

function writeSpan(to: ProtobufWriter, span: EndedSpan): void {
  const { traceId, spanId, traceState, traceFlags } = span.spanContext();
  const message = to.begin(2, 2);
  to.hex(1, traceId);
  to.hex(2, spanId);
  if (traceState) to.string(3, traceState.serialize());
  if (span.parentSpanContext?.spanId) to.hex(4, span.parentSpanContext.spanId);
  to.string(5, span.name);
  // The API counts kinds from 0; the protocol reserves 0 for an unspecified kind.
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
