import type { LogRecord, OrderLife, SpanRecord } from '../api-types.ts';
import { duration, text } from './format.ts';

/** Something that happened to an order, according to one of the sources that know about it. */
export interface Moment {
  /** Milliseconds since 1970. */
  time: number;
  source: 'order' | 'gateway' | 'span' | 'event' | 'log';
  tone: '' | 'ok' | 'warn' | 'bad';
  what: string;
  detail: string;
  /** Empty if the moment belongs to no trace. */
  traceId: string;
  spanId: string;
}

/** The whole life of an order on one timeline. */
export function lifeOf({ order, charge, spans, logs }: OrderLife): Moment[] {
  // Of spans that start together, the longer one contains the other.
  const outerFirst = spans.filter(isShown).toSorted((a, b) => a.start - b.start || b.end - a.end);
  const [first, ...rest] = outerFirst.flatMap(momentsOfSpan);
  const [stored, ...later] = order ? momentsOfOrder(order) : [];
  const late = [...later, ...(charge ? momentsOfCharge(charge) : []), ...logs.map(momentOfLine)];
  return [
    ...[first, stored, ...rest].flatMap((each) => (each ? [{ each, at: each.time }] : [])),
    ...late.map((each) => ({ each, at: each.time + lostByRounding })),
  ]
    .toSorted((a, b) => a.at - b.at)
    .map(({ each }) => each);
}

/** Timestamps of orders, of the ledger and of log lines are truncated to the millisecond, so the true time may be almost 1 ms later. */
const lostByRounding = 0.999;

function momentsOfOrder({ status, createdAt, updatedAt }: NonNullable<OrderLife['order']>): Moment[] {
  const placed = moment('order', Date.parse(createdAt), 'pending', 'stored, before the card is charged');
  if (status === 'pending') return [placed];
  const settled = moment('order', Date.parse(updatedAt), status);
  return [placed, { ...settled, tone: status === 'paid' ? 'ok' : 'bad' }];
}

function momentsOfCharge(charge: NonNullable<OrderLife['charge']>): Moment[] {
  const { status, createdAt, cancelledAt, chargeId } = charge;
  const wasCharged = status === 'succeeded' || (status === 'cancelled' && chargeId !== null);
  return [
    ...(typeof createdAt === 'string' && status !== undefined
      ? [moment('gateway', Date.parse(createdAt), wasCharged ? 'charged' : text(status), 'in the ledger')]
      : []),
    ...(typeof cancelledAt === 'string'
      ? [moment('gateway', Date.parse(cancelledAt), 'cancelled', 'in the ledger')]
      : []),
  ];
}

/** Spans that cross a process boundary, or have events. The trace view shows the internal ones. */
function isShown(span: SpanRecord): boolean {
  return span.kind !== 'INTERNAL' || span.events.length > 0;
}

function momentsOfSpan(span: SpanRecord): Moment[] {
  const { traceId, spanId, service, attributes } = span;
  const status = attributes['http.response.status_code'];
  const fault = attributes['simulator.fault'];
  const details = [
    `${service}, ${duration(span.end - span.start)}`,
    typeof status === 'number' ? String(status) : '',
    typeof fault === 'string' && fault !== 'none' ? `fault: ${fault}` : '',
    span.message,
  ];
  const own: Moment = {
    ...moment('span', span.start, span.name, details.filter((each) => each !== '').join(', ')),
    tone: span.failed ? 'bad' : '',
    traceId,
    spanId,
  };
  const events = span.events.map((event): Moment => {
    const fields = Object.entries(event.attributes).map(([name, value]) => `${name} ${text(value)}`);
    return { ...moment('event', event.time, event.name, fields.join(', ')), tone: 'warn', traceId, spanId };
  });
  return span.kind === 'INTERNAL' ? events : [own, ...events];
}

function momentOfLine(line: LogRecord): Moment {
  return {
    ...moment('log', line.time, line.text, line.service),
    tone: line.level === 'warn' ? 'warn' : line.level === 'error' || line.level === 'fatal' ? 'bad' : '',
    traceId: line.traceId,
    spanId: line.spanId,
  };
}

function moment(source: Moment['source'], time: number, what: string, detail = ''): Moment {
  return { time, source, tone: '', what, detail, traceId: '', spanId: '' };
}
