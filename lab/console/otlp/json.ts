import {
  attributes,
  id,
  integer,
  isObject,
  type Members,
  nameOf,
  object,
  objects,
  parseExactly,
  text,
  time,
  value,
} from './json-values.ts';
import {
  type Attributes,
  type ReceivedLog,
  type ReceivedMetric,
  type ReceivedOrigin,
  type ReceivedSpan,
  spanKinds,
  statusCodes,
} from './messages.ts';
import { readMetric } from './json-metrics.ts';
import { severityNamed } from './severity.ts';

/**
 * OTLP in JSON, read into the same shape as its protobuf form. Fields that are missing or of another type get the default,
 * as in protobuf. Ids are hexadecimal, and 64-bit numbers may be strings.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */

/** @throws {SyntaxError} if the content is not a JSON object */
export function readTraces(content: string): ReceivedSpan[] {
  return records(content, 'resourceSpans', 'scopeSpans', 'spans', readSpan);
}

/** @throws {SyntaxError} if the content is not a JSON object */
export function readLogs(content: string): ReceivedLog[] {
  return records(content, 'resourceLogs', 'scopeLogs', 'logRecords', readLog);
}

/** @throws {SyntaxError} if the content is not a JSON object */
export function readMetrics(content: string): ReceivedMetric[] {
  return records(content, 'resourceMetrics', 'scopeMetrics', 'metrics', readMetric);
}

interface Origin {
  scope: ReceivedOrigin['scope'];
  resource: Attributes;
  origin: ReceivedOrigin;
}

function records<T extends object>(
  content: string,
  resources: string,
  scopes: string,
  leaves: string,
  read: (record: Members) => T,
): Array<T & Origin> {
  const request = parseExactly(content);
  if (!isObject(request)) throw new SyntaxError('An export request must be a JSON object.');
  return objects(request[resources]).flatMap((ofResource) => {
    const resource = readMaker(ofResource['resource'], ofResource['schemaUrl']);
    return objects(ofResource[scopes]).flatMap((scoped) => {
      const { name, version } = object(scoped['scope']);
      const made = readMaker(scoped['scope'], scoped['schemaUrl']);
      const scope = { ...made, name: text(name), version: text(version) };
      const common = { scope, resource: resource.attributes, origin: { resource, scope } };
      return objects(scoped[leaves]).map((each) => Object.assign(read(each), common));
    });
  });
}

/** A resource, or the part of a scope that is like it. */
function readMaker(any: unknown, schemaUrl: unknown): ReceivedOrigin['resource'] {
  const { attributes: list, droppedAttributesCount } = object(any);
  return {
    attributes: attributes(list),
    droppedAttributes: integer(droppedAttributesCount),
    schemaUrl: text(schemaUrl),
  };
}

function readSpan(span: Members): Omit<ReceivedSpan, keyof Origin> {
  const status = object(span['status']);
  return {
    traceId: id(span['traceId']),
    spanId: id(span['spanId']),
    traceState: text(span['traceState']),
    parentSpanId: id(span['parentSpanId']),
    name: text(span['name']),
    kind: nameOf(spanKinds, 'SPAN_KIND_', span['kind']),
    startTime: time(span['startTimeUnixNano']),
    endTime: time(span['endTimeUnixNano']),
    attributes: attributes(span['attributes']),
    droppedAttributes: integer(span['droppedAttributesCount']),
    events: objects(span['events']).map((event) => ({
      time: time(event['timeUnixNano']),
      name: text(event['name']),
      attributes: attributes(event['attributes']),
      droppedAttributes: integer(event['droppedAttributesCount']),
    })),
    droppedEvents: integer(span['droppedEventsCount']),
    links: objects(span['links']).map((link) => ({
      traceId: id(link['traceId']),
      spanId: id(link['spanId']),
      traceState: text(link['traceState']),
      attributes: attributes(link['attributes']),
      droppedAttributes: integer(link['droppedAttributesCount']),
      flags: integer(link['flags']),
    })),
    droppedLinks: integer(span['droppedLinksCount']),
    status: {
      message: text(status['message']),
      code: nameOf(statusCodes, 'STATUS_CODE_', status['code']),
    },
    flags: integer(span['flags']),
  };
}

function readLog(log: Members): Omit<ReceivedLog, keyof Origin> {
  return {
    time: time(log['timeUnixNano']),
    severityNumber: severityNamed(text(log['severityNumber'])) ?? integer(log['severityNumber']),
    severityText: text(log['severityText']),
    body: value(log['body']),
    attributes: attributes(log['attributes']),
    droppedAttributes: integer(log['droppedAttributesCount']),
    traceId: id(log['traceId']),
    spanId: id(log['spanId']),
    observedTime: time(log['observedTimeUnixNano']),
    eventName: text(log['eventName']),
  };
}
