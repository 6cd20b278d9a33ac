import type { Origin, SpanRecord, TraceDetail, Value } from '../api-types.ts';
import { keyValuesOf } from '../otlp/any-value.ts';

/**
 * A trace in the JSON format of OTLP, as the file exporter of the Collector writes it: other tools read it, and the console
 * takes it back.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function otlpOf({ spans, origins }: Pick<TraceDetail, 'spans' | 'origins'>): object {
  const byOrigin = Map.groupBy(spans, ({ origin, service }) =>
    JSON.stringify(origins[origin] ?? originNamed(service)),
  );
  return {
    resourceSpans: [...byOrigin].map(([text, ofOrigin]) => {
      const { resource, scope } = JSON.parse(text) as Origin;
      const { name, version } = scope;
      return {
        resource: describedOf(resource),
        schemaUrl: resource.schemaUrl,
        scopeSpans: [
          {
            scope: { name, version, ...describedOf(scope) },
            schemaUrl: scope.schemaUrl,
            spans: ofOrigin.map((each) => spanOf(each)),
          },
        ],
      };
    }),
  };
}

/** What is left of an origin that was not sent for long. */
function originNamed(service: string): Origin {
  const empty = { attributes: {}, schemaUrl: '' };
  return {
    resource: { ...empty, attributes: { 'service.name': service } },
    scope: { ...empty, name: '', version: '' },
  };
}

/** The attributes of anything that has some. */
function describedOf({
  attributes,
  exact,
  dropped = 0,
}: Omit<Origin['resource'], 'schemaUrl'>): Record<string, Value> {
  return {
    attributes: keyValuesOf(attributes, exact),
    ...(dropped > 0 && { droppedAttributesCount: dropped }),
  };
}

/** Numbers of the enumeration `SpanKind`. */
const kinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];

/** Numbers of the enumeration `StatusCode`. */
const codes = ['UNSET', 'OK', 'ERROR'];

function spanOf(span: SpanRecord): object {
  const { traceState = '', droppedEvents = 0, droppedLinks = 0, exact } = span.more ?? {};
  const status = span.more?.status ?? (span.failed ? 'ERROR' : 'UNSET');
  const ofParts = [...span.events, ...span.links].reduce((sum, { dropped = 0 }) => sum + dropped, 0);
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    traceState,
    ...(span.parentId !== '' && { parentSpanId: span.parentId }),
    flags: span.flags,
    name: span.name,
    kind: Math.max(kinds.indexOf(span.kind), 0),
    startTimeUnixNano: nanoseconds(span.start),
    endTimeUnixNano: nanoseconds(span.end),
    ...describedOf({
      attributes: span.attributes,
      dropped: span.dropped - droppedEvents - droppedLinks - ofParts,
      ...(exact && { exact }),
    }),
    events: span.events.map(({ time, name, ...rest }) => ({
      timeUnixNano: nanoseconds(time),
      name,
      ...describedOf(rest),
    })),
    droppedEventsCount: droppedEvents,
    links: span.links.map(({ traceId, spanId, traceState: ofLink = '', flags = 0, ...rest }) => ({
      traceId,
      spanId,
      traceState: ofLink,
      flags,
      ...describedOf(rest),
    })),
    droppedLinksCount: droppedLinks,
    status: { code: Math.max(codes.indexOf(status), 0), message: span.message },
  };
}

/** Whole microseconds, because a number of nanoseconds would not be exact. @param time milliseconds since 1970 */
function nanoseconds(time: number): string {
  return `${Math.round(time * 1000)}000`;
}
