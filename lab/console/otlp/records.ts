import { levelOf } from './severity.ts';
import type { LogRecord, MoreOfSpan, SpanRecord, Values } from '../api-types.ts';
import { httpStatusIn } from '../http-status.ts';
import {
  asText,
  boundedAttributes,
  boundedText,
  boundedValue,
  type Cuts,
  firstOf,
  mostEvents,
  mostLinks,
} from './limits.ts';
import { numeric } from './attributes.ts';
import { withExact } from './exact-values.ts';
import type { Attributes, ReceivedLog, ReceivedSpan } from './messages.ts';

/** Converts received spans and log lines to the records that the console keeps and shows. */

const zeros = '0'.repeat(32);

/** Ids are hexadecimal digits in lower case, which the readers of both formats see to. */
export const isTraceId = (id: string): boolean => id.length === 32 && id !== zeros;
export const isSpanId = (id: string): boolean => id.length === 16 && !zeros.startsWith(id);

/**
 * @param origin number of what made the span
 * @returns `undefined` for a span without valid ids, which no link could reach
 */
export function toSpanRecord(span: ReceivedSpan, origin: number): SpanRecord | undefined {
  if (!isTraceId(span.traceId) || !isSpanId(span.spanId)) return undefined;
  const cuts: Cuts = { count: span.droppedAttributes + span.droppedEvents + span.droppedLinks };
  const { start, end } = timesOf(span);
  const record: SpanRecord = {
    traceId: span.traceId,
    spanId: span.spanId,
    parentId: isSpanId(span.parentSpanId) ? span.parentSpanId : '',
    name: boundedText(span.name, cuts),
    kind: span.kind,
    service: serviceOf(span.resource),
    start,
    end,
    failed: hasFailed(span),
    message: boundedText(span.status.message, cuts),
    attributes: boundedAttributes(span.attributes, cuts),
    events: span.events.length === 0 ? noEvents : eventsOf(span, start, cuts),
    links: span.links.length === 0 ? noLinks : linksOf(span, cuts),
    dropped: 0,
    origin,
    flags: span.flags,
  };
  const more = moreOf(span, record.failed, cuts);
  if (more !== undefined) record.more = more;
  record.dropped = cuts.count;
  return record;
}

/** @returns `undefined` for most spans */
function moreOf(span: ReceivedSpan, failed: boolean, cuts: Cuts): MoreOfSpan | undefined {
  const { traceState, status, droppedEvents, droppedLinks } = span;
  const hasStatus = status.code !== (failed ? 'ERROR' : 'UNSET');
  const more: MoreOfSpan = withExact(span.attributes);
  if (traceState !== '') more.traceState = boundedText(traceState, cuts);
  if (hasStatus) more.status = status.code;
  if (droppedEvents > 0) more.droppedEvents = droppedEvents;
  if (droppedLinks > 0) more.droppedLinks = droppedLinks;
  return Object.keys(more).length === 0 ? undefined : more;
}

/** Most spans have none, and share them. */
const noEvents: SpanRecord['events'] = [];
const noLinks: SpanRecord['links'] = [];

function eventsOf({ events }: ReceivedSpan, start: number, cuts: Cuts): SpanRecord['events'] {
  return firstOf(events, mostEvents, cuts).map((event) => {
    const { time, name } = event;
    const own = { time: time === 0n ? start : milliseconds(time), name: boundedText(name, cuts) };
    return Object.assign(own, attributesOf(event, cuts));
  });
}

function linksOf({ links }: ReceivedSpan, cuts: Cuts): SpanRecord['links'] {
  return firstOf(links, mostLinks, cuts).map((link) => {
    const { traceId, spanId, traceState, flags } = link;
    const record: SpanRecord['links'][number] = Object.assign({ traceId, spanId }, attributesOf(link, cuts));
    if (traceState !== '') record.traceState = boundedText(traceState, cuts);
    if (flags !== 0) record.flags = flags;
    return record;
  });
}

/** Those of an event or a link. */
function attributesOf(
  {
    attributes,
    droppedAttributes: dropped,
  }: Pick<ReceivedSpan['events'][number], 'attributes' | 'droppedAttributes'>,
  cuts: Cuts,
) {
  cuts.count += dropped;
  return {
    attributes: boundedAttributes(attributes, cuts),
    ...withExact(attributes),
    ...(dropped > 0 && { dropped }),
  };
}

/** A time that was not set is the other one, or else that of the arrival. A clock that was set back makes no negative duration. */
function timesOf({ startTime, endTime }: ReceivedSpan): { start: number; end: number } {
  const known = startTime === 0n ? endTime : startTime;
  const start = known === 0n ? arrival() : milliseconds(known);
  return { start, end: Math.max(start, milliseconds(endTime)) };
}

export function toLogRecord(log: ReceivedLog): LogRecord {
  const cuts: Cuts = { count: log.droppedAttributes };
  const attributes = boundedAttributes(log.attributes, cuts);
  const time = log.time === 0n ? log.observedTime : log.time;
  const record: LogRecord = {
    time: time === 0n ? arrival() : milliseconds(time),
    level: levelOf(log.severityNumber, log.severityText),
    service: serviceOf(log.resource),
    // The services give both, and name records in their namespace: the line has the shorter name.
    event: textOf(attributes['event']) || boundedText(log.eventName, cuts),
    text: bodyOf(log, cuts),
    traceId: isTraceId(log.traceId) ? log.traceId : '',
    spanId: isSpanId(log.spanId) ? log.spanId : '',
    orderId: orderIdOf(attributes),
    attributes,
  };
  return cuts.count === 0 ? record : { ...record, dropped: cuts.count };
}

/** Empty for a record without a body, as events are. */
function bodyOf({ body }: ReceivedLog, cuts: Cuts): string {
  if (body === undefined) return '';
  // A large integer and bytes are texts by now, which JSON would quote.
  return asText(boundedValue(body, cuts));
}

/** @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#status */
function hasFailed({ kind, status, attributes }: ReceivedSpan): boolean {
  const answer = numeric(httpStatusIn(attributes));
  const isRefusal = kind === 'CLIENT' && typeof answer === 'number' && answer >= 400 && answer < 500;
  return status.code === 'ERROR' && !isRefusal;
}

/** The order of a line. In the gateway's lines, the order id is the key of the charge. */
function orderIdOf(attributes: Values): string {
  return textOf(attributes['order_id']) || textOf(attributes['key']);
}

/** What tells a process from others of its service; empty if its resource does not say. */
export function replicaOf(resource: Attributes): string {
  const instance = textOf(resource['service.instance.id']);
  if (instance !== '') return instance;
  // SDKs that give themselves no instance have a detector for these.
  const pid = numeric(resource['process.pid']);
  return [textOf(resource['host.name']), typeof pid === 'number' ? String(pid) : '']
    .filter(Boolean)
    .join(':');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function serviceOf(resource: Attributes): string {
  const name = resource['service.name'];
  return typeof name === 'string' && name !== '' ? boundedText(name) : 'unknown';
}

let lastArrival = 0;

/** The current time, a microsecond later than before at least: records without a time stay in order, and are told apart. */
function arrival(): number {
  lastArrival = Math.max(Date.now(), lastArrival + 0.001);
  return lastArrival;
}

/** Exact to a microsecond: a double holds little more of the time since 1970. */
export function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1000n) / 1000;
}
