import {
  boolean,
  count,
  decode,
  double,
  each,
  fixed32,
  fixed64,
  type Field,
  hex,
  integer,
  many,
  mapped,
  maybe,
  message,
  numbers,
  one,
  signed,
  signedFixed64,
  text,
  type Type,
  unread,
} from './protobuf.ts';
import { addAttribute, type Attributes, type AttributeValue, readValue } from './attributes.ts';
import { type Reader, wire } from './protobuf-reader.ts';

/**
 * The messages of OTLP.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/tree/v1.7.0/opentelemetry/proto
 */

export type { Attributes, AttributeValue } from './attributes.ts';

export const spanKinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'] as const;
export const statusCodes = ['UNSET', 'OK', 'ERROR'] as const;

/** An unknown number gets the first name, because the protocol's enumerations may grow. */
const nameOf = <const Name extends string>(names: readonly [Name, ...Name[]]): Type<Name> =>
  mapped(integer, (index) => names[index] ?? names[0]);

/** A repeated KeyValue as an object. */
const attributes = (number: number): Field<Attributes> => ({
  number,
  wireType: wire.bytes,
  isFilled: true,
  start: () => ({}),
  add(before, from) {
    addAttribute(before, from);
    return before;
  },
});

const anyValue: Type<AttributeValue> = { wireType: wire.bytes, absent: () => undefined, read: readValue };
const resource = message({ attributes: attributes(1), droppedAttributes: one(2, integer) });
const scope = message({
  name: one(1, text),
  version: one(2, text),
  attributes: attributes(3),
  droppedAttributes: one(4, integer),
});

const span = message({
  traceId: one(1, hex),
  spanId: one(2, hex),
  traceState: one(3, text),
  /** Empty for the root span. */
  parentSpanId: one(4, hex),
  name: one(5, text),
  kind: one(6, nameOf(spanKinds)),
  /** Nanoseconds since 1970, like all times in this file. */
  startTime: one(7, fixed64),
  endTime: one(8, fixed64),
  attributes: attributes(9),
  /** Number of attributes that the SDK's limits dropped. */
  droppedAttributes: one(10, integer),
  events: many(
    11,
    message({
      time: one(1, fixed64),
      name: one(2, text),
      attributes: attributes(3),
      droppedAttributes: one(4, integer),
    }),
  ),
  droppedEvents: one(12, integer),
  links: many(
    13,
    message({
      traceId: one(1, hex),
      spanId: one(2, hex),
      traceState: one(3, text),
      attributes: attributes(4),
      droppedAttributes: one(5, integer),
      flags: one(6, fixed32),
    }),
  ),
  droppedLinks: one(14, integer),
  status: one(15, message({ message: one(2, text), code: one(3, nameOf(statusCodes)) })),
  /** The flags of W3C in the lowest byte, and whether the parent is known to be remote. */
  flags: one(16, fixed32),
});

const log = message({
  time: one(1, fixed64),
  /** 1 to 24; 9 is INFO, 13 WARN, 17 ERROR. */
  severityNumber: one(2, integer),
  severityText: one(3, text),
  body: one(5, anyValue),
  attributes: attributes(6),
  droppedAttributes: one(7, integer),
  /** Empty outside of a trace. */
  traceId: one(9, hex),
  spanId: one(10, hex),
  observedTime: one(11, fixed64),
  eventName: one(12, text),
});

const ofResource = message({ resource: one(1, resource), scopes: many(2, unread), schemaUrl: one(3, text) });
const ofScope = message({ scope: one(1, scope), schemaUrl: one(3, text) });

/** What made a record. The records of one scope of a request share the object. */
export interface ReceivedOrigin {
  resource: ReturnType<typeof resource.read> & { schemaUrl: string };
  scope: ReturnType<typeof scope.read> & { schemaUrl: string };
}

/**
 * The records of a request, one by one, each with its scope and resource. The requests of all signals wrap their records in the
 * same shape.
 */
function* recordsIn<T extends object>(record: Type<T>, request: Buffer) {
  for (const content of each(1, ofResource, request)) {
    const ofContent = { ...content.resource, schemaUrl: content.schemaUrl };
    for (const scoped of content.scopes) {
      const { scope: made, schemaUrl } = decode(ofScope, scoped);
      const origin: ReceivedOrigin = { resource: ofContent, scope: { ...made, schemaUrl } };
      const common = { scope: origin.scope, resource: ofContent.attributes, origin };
      for (const found of each(2, record, scoped)) yield Object.assign(found, common);
    }
  }
}

const exportRequest = <T extends object>(record: Type<T>) => ({
  wireType: wire.bytes,
  absent: () => [],
  read: (from: Reader) => [...recordsIn(record, from.rest())],
});

const exemplars = (number: number) =>
  many(
    number,
    message({
      time: one(2, fixed64),
      asDouble: maybe(3, double),
      asInt: maybe(6, signedFixed64),
      spanId: one(4, hex),
      traceId: one(5, hex),
    }),
  );

/** Fields that the points of all kinds share, though not their numbers. */
const numberPoint = message({
  startTime: one(2, fixed64),
  time: one(3, fixed64),
  asDouble: maybe(4, double),
  asInt: maybe(6, signedFixed64),
  exemplars: exemplars(5),
  attributes: attributes(7),
  flags: one(8, integer),
});

const histogramPoint = message({
  startTime: one(2, fixed64),
  time: one(3, fixed64),
  count: one(4, count),
  sum: maybe(5, double),
  bucketCounts: numbers(6, count),
  bounds: numbers(7, double),
  exemplars: exemplars(8),
  attributes: attributes(9),
  flags: one(10, integer),
});

const buckets = message({ offset: one(1, signed), counts: numbers(2, integer) });
const exponentialPoint = message({
  attributes: attributes(1),
  startTime: one(2, fixed64),
  time: one(3, fixed64),
  count: one(4, count),
  sum: maybe(5, double),
  scale: one(6, signed),
  zeroCount: one(7, count),
  positive: one(8, buckets),
  negative: one(9, buckets),
  flags: one(10, integer),
  exemplars: exemplars(11),
  zeroThreshold: one(14, double),
});

const summaryPoint = message({
  startTime: one(2, fixed64),
  time: one(3, fixed64),
  count: one(4, count),
  sum: one(5, double),
  quantiles: many(6, message({ quantile: one(1, double), value: one(2, double) })),
  attributes: attributes(7),
  flags: one(8, integer),
});

export const temporalities = ['UNSPECIFIED', 'DELTA', 'CUMULATIVE'] as const;
const temporality = one(2, nameOf(temporalities));

const metric = message({
  name: one(1, text),
  description: one(2, text),
  unit: one(3, text),
  gauge: maybe(5, message({ points: many(1, numberPoint) })),
  sum: maybe(7, message({ points: many(1, numberPoint), temporality, isMonotonic: one(3, boolean) })),
  histogram: maybe(9, message({ points: many(1, histogramPoint), temporality })),
  exponentialHistogram: maybe(10, message({ points: many(1, exponentialPoint), temporality })),
  summary: maybe(11, message({ points: many(1, summaryPoint) })),
});

/** The records of a request one by one. They throw a RangeError where it cannot be read. */
export const spansIn = (request: Buffer): Iterable<ReceivedSpan> => recordsIn(span, request);
export const linesIn = (request: Buffer): Iterable<ReceivedLog> => recordsIn(log, request);

/** The records of a request as a list. */
export const traceRequest = exportRequest(span);
export const logsRequest = exportRequest(log);
export const metricsRequest = exportRequest(metric);

export type ReceivedSpan = ReturnType<typeof traceRequest.read>[number];
export type ReceivedLog = ReturnType<typeof logsRequest.read>[number];
export type ReceivedMetric = ReturnType<typeof metricsRequest.read>[number];
