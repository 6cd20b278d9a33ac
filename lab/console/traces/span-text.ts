import type { SpanRecord } from '../api-types.ts';

/**
 * A span as it is kept: JSON without the names of its fields, without the id of its trace, and without what is empty at the end. It
 * takes two thirds of what the span takes, and can be searched like it.
 */
export function toSpanText(span: SpanRecord): string {
  const { spanId, parentId, name, kind, service, start, end, attributes } = span;
  const usual = [spanId, parentId, name, kind, service, start, end, attributes];
  const { failed, message, events, links, dropped } = span;
  const isPlain = !failed && message === '' && events.length === 0 && links.length === 0 && dropped === 0;
  return JSON.stringify(isPlain ? usual : [...usual, failed, message, events, links, dropped]);
}

type Usual = [
  spanId: string,
  parentId: string,
  name: string,
  kind: string,
  service: string,
  start: number,
  end: number,
  attributes: SpanRecord['attributes'],
];
type Rest = [
  failed: boolean,
  message: string,
  events: SpanRecord['events'],
  links: SpanRecord['links'],
  dropped: number,
];

export function toSpanRecord(traceId: string, text: string): SpanRecord {
  const parts = JSON.parse(text) as Usual | [...Usual, ...Rest];
  const [spanId, parentId, name, kind, service, start, end, attributes, ...rest] = parts;
  const [failed, message, events, links, dropped] = rest.length === 0 ? plain : rest;
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
  };
}

const plain: Rest = [false, '', [], [], 0];
