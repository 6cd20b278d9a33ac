import type { SpanRecord, TraceDetail, Value, Values } from '../api-types.ts';

/**
 * A trace in the JSON format of OTLP, as the file exporter of the Collector writes it: other tools read it, and the console
 * takes it back.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function otlpOf({ spans }: Pick<TraceDetail, 'spans'>): object {
  const byService = Map.groupBy(spans, ({ service }) => service);
  return {
    resourceSpans: [...byService].map(([service, ofService]) => ({
      resource: { attributes: attributesOf({ 'service.name': service }) },
      scopeSpans: [{ scope: {}, spans: ofService.map((each) => spanOf(each)) }],
    })),
  };
}

/** Numbers of the enumeration `SpanKind`. */
const kinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];

function spanOf(span: SpanRecord): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentId !== '' && { parentSpanId: span.parentId }),
    name: span.name,
    kind: Math.max(kinds.indexOf(span.kind), 0),
    startTimeUnixNano: nanoseconds(span.start),
    endTimeUnixNano: nanoseconds(span.end),
    attributes: attributesOf(span.attributes),
    events: span.events.map(({ time, name, attributes }) => ({
      timeUnixNano: nanoseconds(time),
      name,
      attributes: attributesOf(attributes),
    })),
    links: span.links.map(({ traceId, spanId, attributes }) => ({
      traceId,
      spanId,
      attributes: attributesOf(attributes),
    })),
    status: span.failed ? { code: 2, message: span.message } : {},
    ...(span.dropped > 0 && { droppedAttributesCount: span.dropped }),
  };
}

/** Whole microseconds, because a number of nanoseconds would not be exact. @param time milliseconds since 1970 */
function nanoseconds(time: number): string {
  return `${Math.round(time * 1000)}000`;
}

function attributesOf(values: Values): object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: valueOf(value) }));
}

function valueOf(value: Value): object {
  if (value === null) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map((each) => valueOf(each)) } };
  return { kvlistValue: { values: attributesOf(value) } };
}
