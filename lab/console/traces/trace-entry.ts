import type { SpanRecord, TraceSummary } from '../api-types.ts';
import type { Sized } from '../ring.ts';
import type { StoredText } from '../text-arena.ts';

/** A trace and the summary that is kept beside its spans, so that they need not be parsed. */
export interface Entry extends Sized {
  traceId: string;
  ring: 'recent' | 'kept';
  revision: number;
  /** Arrival of its first span, in milliseconds since 1970, like all times in this file. */
  arrivedAt: number;
  /** Texts are JSON, in the order of their arrival: inner spans usually end first. */
  spans: Array<{ id: string; text: StoredText }>;
  dropped: number;
  /** The span that names the trace: the first without a parent, or until it arrives, the first to start. */
  root: { name: string; service: string; start: number; isRoot: boolean };
  services: string[];
  start: number;
  end: number;
  failed: boolean;
  /** A span has events, such as a retry. */
  eventful: boolean;
  /** The trace is an exemplar of the latency histogram. */
  exemplar: boolean;
  httpStatus: number | null;
  orderIds: string[];
  linksTo: string[];
}

/** Milliseconds: the service's latency objective. Slower traces are kept longer. */
const slow = 300;
/** Maximum number of services, orders and links per trace. */
const mostListed = 16;
/** Approximate bytes of an entry without its spans. */
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

/** Updates the summary with a span of the trace. */
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
  if (attributes['orders.exemplar'] === true) entry.exemplar = true;
  note(entry.services, span.service);
  const orderId = attributes['orders.order.id'];
  if (typeof orderId === 'string') note(entry.orderIds, orderId);
  for (const { traceId } of span.links) note(entry.linksTo, traceId);
}

function note(list: string[], value: string): void {
  if (list.length < mostListed && !list.includes(value)) list.push(value);
}

/** Milliseconds to wait for the root span, because each process sends its spans in batches. */
const lateness = 3000;

/** Whether the root span has arrived. A trace whose root is elsewhere is shown without it after a while. */
export function isPresentable({ root, arrivedAt }: Entry): boolean {
  return root.isRoot || Date.now() - arrivedAt > lateness;
}

/** Whether the trace is kept longer than thousands of ordinary ones that follow it. */
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
