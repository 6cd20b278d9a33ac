import {
  type Context,
  context,
  INVALID_TRACEID,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { type ConstantAttributes, noAttributes } from '../otlp/constant-attributes.ts';
import { followWallClock } from './precise-time.ts';
import { type Decided, type Origin, RecordedSpan, type Recorder } from './recorded-span.ts';

/** The SDK's. Without an SDK it makes nothing of nothing. */
const tracer = trace.getTracer('orders');

let record: Recorder | undefined;

/** From here on, spans are made here, where the SDK wants any. Without this the SDK makes them all. */
export function recordSpans(recorder: Recorder): void {
  record = recorder;
}

/** A span with which a trace begins in this process: the SDK decides whether it is sampled. */
export function startTrace(
  name: string,
  options: SpanOptions & { kind: SpanKind },
  { parent, constant = noAttributes }: { parent?: Context; constant?: ConstantAttributes } = {},
): Span {
  const span = tracer.startSpan(name, options, parent);
  if (!span.isRecording()) return span;
  if (record === undefined || !isDecided(span)) return withConstant(span, constant);
  followWallClock();
  return RecordedSpan.inPlaceOf(span, { name, kind: options.kind, constant }, record);
}

/** As the SDK's span is, which has more to it than the API says. */
function isDecided(span: Span): span is Span & Decided {
  return hasOrigin(span) && 'attributes' in span && 'links' in span;
}

/** @param parent the active span, which is recorded */
export function startBelow(parent: Span, name: string, kind: SpanKind, constant = noAttributes): Span {
  if (record && hasOrigin(parent)) return RecordedSpan.below(parent, { name, kind, constant }, record);
  return withConstant(tracer.startSpan(name, { kind }), constant);
}

/** What the SDK is given together with a name it examines for its sampler; what is set later, only when it is kept. */
function withConstant(span: Span, constant: ConstantAttributes): Span {
  return constant === noAttributes ? span : span.setAttributes(constant.attributes);
}

function hasOrigin(span: Span): span is Span & Origin {
  return 'resource' in span && 'instrumentationScope' in span;
}

/**
 * The active span, if anybody records it. Where nobody does, there is nothing to do: whether a trace is sampled is
 * decided once, at its start, and attributes are built only after that.
 */
export function recordingSpan(): Span | undefined {
  const span = trace.getActiveSpan();
  return span?.isRecording() ? span : undefined;
}

/** Runs the work in a span of its own below the active one, or by itself where nothing is recorded. */
export function inSpan<T>(name: string, work: (span: Span | undefined) => Promise<T>): Promise<T> {
  const parent = recordingSpan();
  if (parent === undefined) return work(undefined);
  return withSpan(startBelow(parent, name, SpanKind.INTERNAL), work);
}

/** Runs the work with the span active, and ends it. */
export async function withSpan<T>(span: Span, work: (span: Span) => Promise<T>): Promise<T> {
  try {
    return await context.with(trace.setSpan(context.active(), span), work, undefined, span);
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/**
 * Errors of ours and of libraries have short types and codes; their messages may hold anything, and stay out.
 *
 * @returns the type that the span was given
 */
export function failSpan(span: Span, error: unknown): string {
  const type = errorType(error);
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR, message: type });
  return type;
}

function errorType(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** The context of a span, unless nobody made one: what an SDK makes is valid. */
export function validContext(span: Span): SpanContext | undefined {
  const spanContext = span.spanContext();
  return spanContext.traceId === INVALID_TRACEID ? undefined : spanContext;
}

export function isSampled({ traceFlags }: SpanContext): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
}

/**
 * For exemplars, whose trace has to be kept: that of the active span, for as long as it can be marked. What goes on
 * after its request has ended gives none.
 */
export function sampledTraceId(): string | undefined {
  const spanContext = recordingSpan()?.spanContext();
  return spanContext && isSampled(spanContext) ? spanContext.traceId : undefined;
}

/** Says in the trace that an exemplar points at it, so that whoever samples later keeps it. */
export function markExemplar(span = recordingSpan()): void {
  span?.setAttribute('app.exemplar', true);
}

/** W3C trace context, https://www.w3.org/TR/trace-context/#traceparent-header */
export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** `undefined` where the text is none. */
export function parseTraceparent(text: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
