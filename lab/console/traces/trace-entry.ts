import type { TraceSummary } from '../api-types.ts';
import type { Place } from '../record-arena.ts';
import type { SpanFacts } from './span-facts.ts';

/** A trace and the summary that is kept beside its spans, so that they need not be parsed. */
export interface Entry {
  readonly traceId: string;
  ring: 'recent' | 'kept';
  revision: number;
  /** Arrival of its first span, in milliseconds since 1970, like all times in this file. */
  readonly arrivedAt: number;
  /** Its spans in the order of their arrival: inner spans usually end first. Each record leads to the next one. */
  firstSpan: Place;
  lastSpan: Place;
  spans: number;
  dropped: number;
  /** Ids of parents that have not arrived, once the trace is full. */
  awaited?: Set<string>;
  /** Of the span that names the trace: the first without a parent, or until it arrives, the first to start. */
  name: string;
  service: string;
  rootStart: number;
  hasRoot: boolean;
  services: readonly string[];
  start: number;
  end: number;
  failed: boolean;
  /** A span has events, such as a retry. */
  eventful: boolean;
  /** The trace is an exemplar of the latency histogram. */
  exemplar: boolean;
  httpStatus: number | null;
  orderIds: readonly string[];
  linksTo: readonly string[];
  /** Size in memory, with its spans. */
  bytes: number;
}

/** Milliseconds: the service's latency objective. Slower traces are kept longer. */
const slow = 300;
/** Maximum number of services, orders and links per trace. */
const mostListed = 16;
/** Bytes of an entry in the heap with one order, and of each further text in a list. A test measures both. */
const entrySize = 640;
export const listedSize = 64;

const none: readonly string[] = [];

export function createEntry(traceId: string): Entry {
  return {
    traceId,
    ring: 'recent',
    revision: 0,
    arrivedAt: Date.now(),
    firstSpan: -1,
    lastSpan: -1,
    spans: 0,
    dropped: 0,
    name: '',
    service: '',
    rootStart: Infinity,
    hasRoot: false,
    services: none,
    start: Infinity,
    end: 0,
    failed: false,
    eventful: false,
    exemplar: false,
    httpStatus: null,
    orderIds: none,
    linksTo: none,
    bytes: entrySize,
  };
}

/** Updates the summary with a span of the trace. @returns the bytes by which the entry grows */
export function enter(entry: Entry, span: SpanFacts): number {
  const isRoot = span.parentId === '';
  if ((isRoot && !entry.hasRoot) || (isRoot === entry.hasRoot && span.start < entry.rootStart)) {
    entry.name = span.name;
    entry.service = span.service;
    entry.rootStart = span.start;
    entry.hasRoot = isRoot;
    entry.httpStatus = span.httpStatus;
  }
  entry.start = Math.min(entry.start, span.start);
  entry.end = Math.max(entry.end, span.end);
  if (span.failed) entry.failed = true;
  if (span.eventful) entry.eventful = true;
  if (span.exemplar) entry.exemplar = true;
  const listed = listedIn(entry);
  entry.services = withNoted(entry.services, span.service);
  if (span.orderId !== '') entry.orderIds = withNoted(entry.orderIds, span.orderId);
  for (const traceId of span.linksTo) entry.linksTo = withNoted(entry.linksTo, traceId);
  return listedSize * (listedIn(entry) - listed);
}

const listedIn = ({ services, orderIds, linksTo }: Entry) =>
  services.length + orderIds.length + linksTo.length;

/** A copy is as long as it needs to be; an array that grows has room for 16 more. */
function withNoted(list: readonly string[], value: string): readonly string[] {
  return list.length >= mostListed || list.includes(value) ? list : [...list, value];
}

/** Milliseconds to wait for the root span, because each process sends its spans in batches. */
const lateness = 3000;

/** Whether the root span has arrived. A trace whose root is elsewhere is shown without it after a while. */
export function isPresentable({ hasRoot, arrivedAt }: Entry): boolean {
  return hasRoot || Date.now() - arrivedAt > lateness;
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
    name: entry.name,
    service: entry.service,
    services: [...entry.services],
    start: entry.start,
    duration: entry.end - entry.start,
    spans: entry.spans,
    failed: entry.failed,
    httpStatus: entry.httpStatus,
    orderIds: [...entry.orderIds],
  };
}
