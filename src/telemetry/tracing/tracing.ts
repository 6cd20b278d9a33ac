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
import { originalCodeOf } from '../../errors.ts';
import { type ConstantAttributes, noAttributes } from '../otlp/constant-attributes.ts';
import { followWallClock } from './precise-time.ts';
import { identity } from '../../identity.ts';
import { newSpanId, RecordedSpan, type Recorder, type StartedSpan } from './recorded-span.ts';
import { randomTraceId } from './trace-context.ts';
import { schemaUrl, serviceVersion } from '../version.ts';

/** The SDK's tracer; a no-op when no SDK is registered. */
const tracer = trace.getTracerProvider().getTracer(identity.name, serviceVersion, { schemaUrl });

/** One for the process and set once before any span, like the tracer provider that the API keeps. */
let record: Recorder | undefined;

/** From now on this module creates the spans of every trace that the SDK samples. Without it the SDK creates them. */
export function recordSpans(recorder: Recorder): void {
  record = recorder;
}

/**
 * Starts the first span of a trace in this process. The SDK decides whether it is sampled.
 *
 * @param constant called if it is
 */
export function startTrace(
  name: string,
  options: SpanOptions & { kind: SpanKind },
  { parent, constant = none }: { parent?: Context; constant?: () => ConstantAttributes } = {},
): Span {
  const span = tracer.startSpan(name, options, parent);
  passOnRandomFlag(span, trace.getSpanContext(parent ?? context.active()));
  if (!span.isRecording()) return span;
  if (record === undefined || !isSdkSpan(span)) return withConstant(span, constant());
  followWallClock();
  return RecordedSpan.takeOver(span, { name, kind: options.kind, constant: constant() }, record);
}

const none = () => noAttributes;

/** The SDK's span holds more than the API's type says. */
function isSdkSpan(span: Span): span is Span & StartedSpan {
  return 'resource' in span && 'instrumentationScope' in span && 'attributes' in span && 'links' in span;
}

/**
 * Starts a child of the active span. It is created in the same way as its parent.
 *
 * @param parent the active span, which is recording
 */
export function startBelow(parent: Span, name: string, kind: SpanKind, constant = noAttributes): Span {
  if (parent instanceof RecordedSpan) return RecordedSpan.below(parent, { name, kind, constant });
  const span = tracer.startSpan(name, { kind });
  passOnRandomFlag(span, parent.spanContext());
  return withConstant(span, constant);
}

/**
 * Gives a new span the flag of its trace: that of its parent, and for a new trace the flag itself, because the SDK draws
 * ids at random. The SDK knows the sampled flag only.
 */
export function passOnRandomFlag(span: Span, parent: SpanContext | undefined): void {
  const own = span.spanContext();
  if (own.traceId === INVALID_TRACEID) return;
  own.traceFlags |= parent?.traceId === own.traceId ? parent.traceFlags & randomTraceId : randomTraceId;
}

/**
 * Stands for one call of a request that is not sampled: each has an id of its own, as if it were. Without an SDK, the parent
 * is the caller's span, and stays it: a caller that records would miss the parent of what follows.
 */
export function unrecordedBelow(parent: SpanContext): Span {
  return trace.wrapSpanContext(parent.isRemote ? parent : { ...parent, spanId: newSpanId() });
}

/** Set after the start: the SDK runs its sampler over attributes given at the start, even for spans it drops. */
function withConstant(span: Span, constant: ConstantAttributes): Span {
  return constant === noAttributes ? span : span.setAttributes(constant.attributes);
}

/**
 * The active span if it is recording. A trace is sampled or not from its start, so callers build attributes only for a
 * span that they get from here.
 */
export function recordingSpan(): Span | undefined {
  const span = trace.getActiveSpan();
  return span?.isRecording() ? span : undefined;
}

/** Runs the work in a child of the active span, or without a span if none is recording. */
export function inSpan<T>(name: string, work: (span: Span | undefined) => Promise<T>): Promise<T> {
  const parent = recordingSpan();
  if (parent === undefined) return work(undefined);
  return withSpan(startBelow(parent, name, SpanKind.INTERNAL), work);
}

/** Runs the work with the span active and ends the span, with its error if the work rejects. */
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
 * Marks the span as failed, by the type of the error. Its message stays out, because it may quote what a client sent.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/
 */
export function failSpan(span: Span, error: unknown): void {
  failAs(span, errorType(error));
}

export function failAs(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR, message: type });
}

/** Keeps an instrumentation from changing its span any more. It still ends it. */
export function ignoreChanges(span: Span): void {
  const unchanged = () => span;
  Object.assign(span, {
    setAttribute: unchanged,
    setAttributes: unchanged,
    setStatus: unchanged,
    recordException: () => {},
  });
}

/** The code of the fault, which an error of the service may wrap, or the name of the error if there is no code. */
export function errorType(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return originalCodeOf(error) ?? error.name;
}

/** The context of a span, or `undefined` for the no-op span that the API returns without an SDK. */
export function validContext(span: Span): SpanContext | undefined {
  const spanContext = span.spanContext();
  return spanContext.traceId === INVALID_TRACEID ? undefined : spanContext;
}

export function isSampled({ traceFlags }: SpanContext): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
}

/**
 * The trace id for an exemplar: that of the active span, if it is sampled and has not ended. Work that outlives the
 * span of its request leaves no exemplar, because its trace can no longer be marked.
 */
export function sampledTraceId(): string | undefined {
  const spanContext = recordingSpan()?.spanContext();
  return spanContext && isSampled(spanContext) ? spanContext.traceId : undefined;
}

const exemplarMark = `${identity.namespace}.exemplar`;

/** Marks the trace that an exemplar points to, so that a tail sampler keeps it. */
export function markExemplar(span = recordingSpan()): void {
  span?.setAttribute(exemplarMark, true);
}

/** @see https://www.w3.org/TR/trace-context/#traceparent-header */
export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** `undefined` if the text is no valid `traceparent` of version 00. */
export function parseTraceparent(text: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
