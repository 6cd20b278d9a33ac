import type { SpanRecord, TraceSummary } from '../api-types.ts';
import type { Sized } from '../ring.ts';

/** What is known of a trace without reading its spans. */
export interface Entry extends Sized {
  traceId: string;
  ring: 'recent' | 'kept';
  revision: number;
  /** When its first span came. Milliseconds since 1970, like all times here. */
  arrivedAt: number;
  /** JSON, in the order of their arrival: the inner ones usually end first. */
  spans: string[];
  dropped: number;
  /** The one that names the trace: the first without a parent, and until it is there, the one that began first. */
  root: { name: string; service: string; start: number; isRoot: boolean };
  services: string[];
  start: number;
  end: number;
  failed: boolean;
  /** Something was tried again, or went another way than usual. */
  eventful: boolean;
  /** The latency histogram points at it. */
  exemplar: boolean;
  httpStatus: number | null;
  orderIds: string[];
  linksTo: string[];
}

/** Milliseconds. What takes longer than the service's objective is worth a look. */
const slow = 300;
/** Of services, orders and links: more than any trace that a person reads. */
const mostListed = 16;
/** Bytes of an entry without its spans, roughly. */
const entrySize = 600;

export function createEntry(traceId: string): Entry {
  return {
    traceId,
    ring: 'recent',
    revision: 0,
    arrivedAt: Date.now(),
    spans: [],
    dropped: 0,
    root: { name: '', service: '', start: Infinity, isRoot: false },
    services: [],
    start: Infinity,
    end: 0,
    failed: false,
    eventful: false,
    exemplar: false,
    httpStatus: null,
    orderIds: [],
    linksTo: [],
    bytes: entrySize,
  };
}

/** Takes note of a span of the trace. */
export function enter(entry: Entry, span: SpanRecord): void {
  const { attributes } = span;
  const isRoot = span.parentId === '';
  if ((isRoot && !entry.root.isRoot) || (isRoot === entry.root.isRoot && span.start < entry.root.start)) {
    entry.root = { name: span.name, service: span.service, start: span.start, isRoot };
    const status = attributes['http.response.status_code'];
    entry.httpStatus = span.kind === 'SERVER' && typeof status === 'number' ? status : null;
  }
  entry.start = Math.min(entry.start, span.start);
  entry.end = Math.max(entry.end, span.end);
  if (span.failed) entry.failed = true;
  if (span.events.length > 0) entry.eventful = true;
  if (attributes['app.exemplar'] === true) entry.exemplar = true;
  note(entry.services, span.service);
  const orderId = attributes['order.id'];
  if (typeof orderId === 'string') note(entry.orderIds, orderId);
  for (const { traceId } of span.links) note(entry.linksTo, traceId);
}

function note(list: string[], value: string): void {
  if (list.length < mostListed && !list.includes(value)) list.push(value);
}

/** Milliseconds that the first span may be later than the others: each process sends its spans in batches. */
const lateness = 3000;

/** Whether more than its inner spans is there. Whose first span is elsewhere is taken as it is after a while. */
export function isPresentable({ root, arrivedAt }: Entry): boolean {
  return root.isRoot || Date.now() - arrivedAt > lateness;
}

/** What somebody may still want to see when thousands of ordinary ones have come after it. */
export function isWorthKeeping(entry: Entry): boolean {
  const { failed, eventful, exemplar, linksTo, start, end } = entry;
  return failed || eventful || exemplar || linksTo.length > 0 || end - start >= slow;
}

export function summaryOf(entry: Entry): TraceSummary {
  return {
    traceId: entry.traceId,
    revision: entry.revision,
    name: entry.root.name,
    service: entry.root.service,
    services: entry.services,
    start: entry.start,
    duration: entry.end - entry.start,
    spans: entry.spans.length,
    failed: entry.failed,
    httpStatus: entry.httpStatus,
    orderIds: entry.orderIds,
  };
}
