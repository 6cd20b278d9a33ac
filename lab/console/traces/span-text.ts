import type { SpanRecord, Value } from '../api-types.ts';

/**
 * Spans as they are kept: JSON without the id of the trace, without what is empty at the end, and without what many spans have in common,
 * which is their shape. It takes a third of what the span takes.
 */
export interface SpanTexts {
  toText(span: SpanRecord): string;
  toRecord(traceId: string, text: string): SpanRecord;
  /** Whether this stands in the span as it does in JSON, in lower case. Of its ids, it must be the beginning. */
  contains(text: string, wanted: string): boolean;
}

/** What spans of one kind have in common: of an attribute of few values, the value; of any other, the name. */
interface Shape {
  kind: string;
  service: string;
  name: string;
  /** Names of all attributes. */
  keys: readonly string[];
  /** Values of those that are part of the shape. */
  common: Readonly<Record<string, Value>>;
  /** JSON of the above, in lower case. */
  text: string;
}

/** Attributes with few values, by the conventions. https://opentelemetry.io/docs/specs/semconv/registry/attributes/ */
const ofFewValues: ReadonlySet<string> = new Set([
  'db.collection.name',
  'db.namespace',
  'db.operation.name',
  'db.query.summary',
  'db.system.name',
  'error.type',
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'messaging.system',
  'network.protocol.version',
  'rpc.method',
  'rpc.service',
  'rpc.system',
  'server.address',
  'server.port',
  'url.scheme',
  'url.template',
]);

/** Maximum number of shapes, and length of one: an id in the name of every span would make a shape of each. */
const mostShapes = 500;
const longestShape = 1000;

type Head = [spanId: string, parentId: string, start: number, end: number, origin: number, flags: number];
type Rest = [
  failed: boolean,
  message: string,
  events: SpanRecord['events'],
  links: SpanRecord['links'],
  dropped: number,
  more?: SpanRecord['more'],
];
type Own = [kind: string, service: string, name: string, attributes: SpanRecord['attributes']];
/** Number of its shape and its other values; or else everything, if there are too many shapes. */
type Stored = [number, Value[], ...Head, ...Partial<Rest>] | [null, Own, ...Head, ...Partial<Rest>];

/** Shapes by what they begin with, one part after the other, because this is found faster than a text that is made of them. */
interface Node {
  next: Map<Value, Node>;
  /** Number of the shape that ends here. */
  shape?: number;
}

export function createSpanTexts(): SpanTexts {
  const root: Node = { next: new Map() };
  const shapes: Shape[] = [];

  /** @returns the number of the shape; undefined if there are too many */
  function shapeOf(span: SpanRecord): number | undefined {
    const { kind, service, name, attributes } = span;
    let node: Node | undefined = root.next.get(kind)?.next.get(service)?.next.get(name);
    for (const key in attributes) {
      node = node?.next.get(key);
      if (ofFewValues.has(key)) node = node?.next.get(attributes[key] ?? null);
      if (node === undefined) break;
    }
    return node?.shape ?? (shapes.length < mostShapes ? addShape(span) : undefined);
  }

  function addShape({ kind, service, name, attributes }: SpanRecord): number | undefined {
    const keys = Object.keys(attributes);
    const common = Object.fromEntries(Object.entries(attributes).filter(([key]) => ofFewValues.has(key)));
    const text = JSON.stringify([kind, service, name, keys, common]);
    if (text.length > longestShape || Object.values(common).some((value) => typeof value === 'object'))
      return undefined;
    const path = keys.flatMap((key) => (Object.hasOwn(common, key) ? [key, common[key] ?? null] : [key]));
    let node = root;
    for (const part of [kind, service, name, ...path]) {
      const next: Node = node.next.get(part) ?? { next: new Map() };
      node.next.set(part, next);
      node = next;
    }
    node.shape = shapes.length;
    shapes.push({ kind, service, name, keys, common, text: text.toLowerCase() });
    return node.shape;
  }

  return {
    toText(span) {
      const { spanId, parentId, start, end, origin, flags, attributes, kind, service, name } = span;
      const shape = shapeOf(span);
      const head: Head = [spanId, parentId, start, end, origin, flags];
      const content: [number, Value[]] | [null, Own] =
        shape === undefined ? [null, [kind, service, name, attributes]] : [shape, otherValues(attributes)];
      return JSON.stringify(isPlain(span) ? [...content, ...head] : [...content, ...head, ...restOf(span)]);
    },
    toRecord(traceId, text) {
      const [number, content, spanId, parentId, start, end, origin, flags, ...rest] = JSON.parse(
        text,
      ) as Stored;
      const [failed = false, message = '', events = [], links = [], dropped = 0, more] = rest;
      const [kind, service, name, attributes] = number === null ? content : ownOf(shapes[number], content);
      return {
        traceId,
        spanId,
        parentId,
        name,
        kind,
        service,
        start,
        end,
        failed,
        message,
        attributes,
        events,
        links,
        dropped,
        origin,
        flags,
        ...(more && { more }),
      };
    },
    contains(text, wanted) {
      // The number of the shape stands first.
      const shape = shapes[Number.parseInt(text.slice(1, 5), 10)];
      if (shape?.text.includes(wanted)) return true;
      return text.toLowerCase().includes(wanted) && (!/^[\da-f.]+$/.test(wanted) || says(text, wanted));
    },
  };
}

/** Whether the span has this in what it says, and not only in a time, in its flags or within an id. */
function says(text: string, wanted: string): boolean {
  const [, content, spanId, parentId, , , , , , message, events = [], links = [], , more] = JSON.parse(
    text,
  ) as Stored;
  const ofEvents = events.map(({ time: _time, ...event }) => event);
  const ofLinks = links.map(({ attributes }) => attributes);
  const said = JSON.stringify([content, message, ofEvents, ofLinks, more]).toLowerCase();
  const ids = [spanId, parentId, ...links.flatMap((link) => [link.traceId, link.spanId])];
  return said.includes(wanted) || ids.some((id) => id.startsWith(wanted));
}

/** Those that are not part of a shape. */
function otherValues(attributes: SpanRecord['attributes']): Value[] {
  const values: Value[] = [];
  for (const key in attributes) if (!ofFewValues.has(key)) values.push(attributes[key] ?? null);
  return values;
}

/** @throws {RangeError} if there is no such shape */
function ownOf(shape: Shape | undefined, values: readonly Value[]): Own {
  if (shape === undefined) throw new RangeError('The span has no shape.');
  const { kind, service, name, keys, common } = shape;
  let at = 0;
  const attributes = keys.map((key): [string, Value] => {
    if (Object.hasOwn(common, key)) return [key, common[key] ?? null];
    at += 1;
    return [key, values[at - 1] ?? null];
  });
  return [kind, service, name, Object.fromEntries(attributes)];
}

function isPlain({ failed, message, events, links, dropped, more }: SpanRecord): boolean {
  const isEmpty = message === '' && events.length === 0 && links.length === 0 && dropped === 0;
  return isEmpty && !failed && more === undefined;
}

function restOf({ failed, message, events, links, dropped, more }: SpanRecord): Rest {
  return more ? [failed, message, events, links, dropped, more] : [failed, message, events, links, dropped];
}
