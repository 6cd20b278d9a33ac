import {
  type Attributes,
  type AttributeValue,
  type ReceivedLog,
  type ReceivedSpan,
  spanKinds,
  statusCodes,
} from './messages.ts';

/**
 * OTLP in JSON, read into the same shape as its protobuf form. Fields that are missing or of another type get the default,
 * as in protobuf. Ids are hexadecimal, and 64-bit numbers may be strings.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */

type Members = Readonly<Record<string, unknown>>;

/** @throws {SyntaxError} if the text is not a JSON object */
export function readTraces(text: string): ReceivedSpan[] {
  return records(text, 'resourceSpans', 'scopeSpans', 'spans', readSpan);
}

/** @throws {SyntaxError} if the text is not a JSON object */
export function readLogs(text: string): ReceivedLog[] {
  return records(text, 'resourceLogs', 'scopeLogs', 'logRecords', readLog);
}

interface Origin {
  scope: { name: string; version: string };
  resource: Attributes;
}

function records<T extends object>(
  content: string,
  resources: string,
  scopes: string,
  leaves: string,
  read: (record: Members) => T,
): Array<T & Origin> {
  const request: unknown = JSON.parse(content);
  if (!isObject(request)) throw new SyntaxError('An export request must be a JSON object.');
  return objects(request[resources]).flatMap((ofResource) => {
    const resource = attributes(object(ofResource['resource'])['attributes']);
    return objects(ofResource[scopes]).flatMap((scoped) => {
      const { name, version } = object(scoped['scope']);
      const scope = { name: text(name), version: text(version) };
      return objects(scoped[leaves]).map((each) => Object.assign(read(each), { scope, resource }));
    });
  });
}

function readSpan(span: Members): Omit<ReceivedSpan, keyof Origin> {
  const status = object(span['status']);
  return {
    traceId: id(span['traceId']),
    spanId: id(span['spanId']),
    parentSpanId: id(span['parentSpanId']),
    name: text(span['name']),
    kind: spanKinds[integer(span['kind'])] ?? spanKinds[0],
    startTime: time(span['startTimeUnixNano']),
    endTime: time(span['endTimeUnixNano']),
    attributes: attributes(span['attributes']),
    droppedAttributes: integer(span['droppedAttributesCount']),
    events: objects(span['events']).map((event) => ({
      time: time(event['timeUnixNano']),
      name: text(event['name']),
      attributes: attributes(event['attributes']),
    })),
    droppedEvents: integer(span['droppedEventsCount']),
    links: objects(span['links']).map((link) => ({
      traceId: id(link['traceId']),
      spanId: id(link['spanId']),
      attributes: attributes(link['attributes']),
    })),
    droppedLinks: integer(span['droppedLinksCount']),
    status: {
      message: text(status['message']),
      code: statusCodes[integer(status['code'])] ?? statusCodes[0],
    },
  };
}

function readLog(log: Members): Omit<ReceivedLog, keyof Origin> {
  return {
    time: time(log['timeUnixNano']),
    severityNumber: integer(log['severityNumber']),
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

function attributes(list: unknown): Attributes {
  return Object.fromEntries(objects(list).map((each) => [text(each['key']), value(each['value'])]));
}

function value(any: unknown): AttributeValue {
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = object(any);
  if (typeof stringValue === 'string') return stringValue;
  if (typeof boolValue === 'boolean') return boolValue;
  if (intValue !== undefined) return integer(intValue);
  if (doubleValue !== undefined) return Number(doubleValue);
  if (arrayValue !== undefined) return list(object(arrayValue)['values']).map(value);
  if (kvlistValue !== undefined) return attributes(object(kvlistValue)['values']);
  if (typeof bytesValue === 'string') return Buffer.from(bytesValue, 'base64');
  return undefined;
}

const isObject = (any: unknown): any is Members =>
  typeof any === 'object' && any !== null && !Array.isArray(any);
const object = (any: unknown): Members => (isObject(any) ? any : {});
const list = (any: unknown): readonly unknown[] => (Array.isArray(any) ? any : []);
const objects = (any: unknown): readonly Members[] => list(any).filter(isObject);
const text = (any: unknown): string => (typeof any === 'string' ? any : '');
const id = (any: unknown): string => text(any).toLowerCase();
const integer = (any: unknown): number => {
  const number = typeof any === 'string' || typeof any === 'number' ? Number(any) : 0;
  return Number.isInteger(number) ? number : 0;
};
/** Nanoseconds are a string, because they exceed the precision of a JSON number. */
const time = (any: unknown): bigint => {
  const digits = typeof any === 'number' ? any.toFixed(0) : text(any);
  return /^\d{1,20}$/.test(digits) ? BigInt(digits) : 0n;
};
