import type { LogRecord, SpanRecord } from '../api-types.ts';
import { httpStatusIn } from '../http-status.ts';
import { duration, named, said, text } from './format.ts';

/** Something that happened to an order, according to one of the sources that know about it. */
export interface Moment {
  /** Whole milliseconds since 1970. */
  time: number;
  source: 'order' | 'gateway' | 'span' | 'event' | 'log';
  tone: '' | 'ok' | 'warn' | 'bad';
  what: string;
  detail: string;
  /** Empty if the moment belongs to no trace. */
  traceId: string;
  spanId: string;
}

/**
 * Moments of all sources on one timeline, sorted by the time that is shown. All sources share whole milliseconds and no more,
 * so moments of one millisecond are sorted by cause: a span, what it stored, what ended it, what was logged.
 *
 * @param stored when it was stored, and when its state changed
 * @param elsewhere what others have recorded
 */
export function timelineOf({
  stored: [stored, ...later],
  elsewhere,
  spans,
  logs,
}: {
  stored: readonly Moment[];
  elsewhere: readonly Moment[];
  spans: readonly SpanRecord[];
  logs: readonly LogRecord[];
}): Moment[] {
  const starts = new Map(spans.map(({ spanId, start }) => [spanId, start]));
  // What a span caused is not before it: the clock that says so is behind.
  const withCause = (each: Moment): Moment => ({
    ...each,
    time: Math.max(each.time, starts.get(each.spanId) ?? each.time),
  });
  // Of spans that start together, the longer one contains the other.
  const outerFirst = spans.filter(isShown).toSorted((a, b) => a.start - b.start || b.end - a.end);
  const ofSpans = outerFirst.flatMap(momentsOfSpan).map(withCause);
  const [first, ...rest] = ofSpans.toSorted((a, b) => a.time - b.time);
  const byCause = [
    ...[first, stored].filter((each) => each !== undefined),
    ...rest,
    ...later,
    ...elsewhere,
    ...logs.map(momentOfLine).map(withCause),
  ];
  return byCause.map(atWholeMilliseconds).toSorted((a, b) => a.time - b.time);
}

function atWholeMilliseconds(each: Moment): Moment {
  return { ...each, time: Math.floor(each.time) };
}

/** Spans that cross a process boundary, or have events. The trace view shows the internal ones. */
function isShown(span: SpanRecord): boolean {
  return span.kind !== 'INTERNAL' || span.events.length > 0;
}

function momentsOfSpan(span: SpanRecord): Moment[] {
  const { traceId, spanId, service, attributes } = span;
  const status = httpStatusIn(attributes);
  const fault = attributes['simulator.fault'];
  const details = [
    `${service}, ${duration(span.end - span.start)}`,
    typeof status === 'number' ? String(status) : '',
    typeof fault === 'string' && fault !== 'none' ? `fault: ${fault}` : '',
    span.message,
  ];
  const own: Moment = {
    ...moment('span', span.start, named(span.name), details.filter((each) => each !== '').join(', ')),
    tone: span.failed ? 'bad' : '',
    traceId,
    spanId,
  };
  const events = span.events.map((event): Moment => {
    const fields = Object.entries(event.attributes).map(([name, value]) => `${name} ${text(value)}`);
    return {
      ...moment('event', event.time, named(event.name), fields.join(', ')),
      tone: 'warn',
      traceId,
      spanId,
    };
  });
  return span.kind === 'INTERNAL' ? events : [own, ...events];
}

function momentOfLine(line: LogRecord): Moment {
  return {
    ...moment('log', line.time, said(line), line.service),
    tone: line.level === 'warn' ? 'warn' : line.level === 'error' || line.level === 'fatal' ? 'bad' : '',
    traceId: line.traceId,
    spanId: line.spanId,
  };
}

export function moment(source: Moment['source'], time: number, what: string, detail = ''): Moment {
  return { time, source, tone: '', what, detail, traceId: '', spanId: '' };
}
