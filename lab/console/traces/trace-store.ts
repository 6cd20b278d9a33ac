import type { SpanRecord, TraceSummary } from '../api-types.ts';
import { createRing, type Sized } from '../ring.ts';
import { createTextArena, readText, sizeOfStored } from '../text-arena.ts';
import { createEntry, type Entry, enter, isWorthKeeping, summaryOf } from './trace-entry.ts';

/** Traces in the order of their arrival, bounded by bytes. Failed, slow and eventful traces outlive the others. */
export interface TraceStore {
  /**
   * Adds spans. One that its trace has already is left out: a sender repeats a batch whose answer it did not get.
   *
   * @returns those that were added
   */
  add(spans: readonly SpanRecord[]): SpanRecord[];
  has(traceId: string): boolean;
  /** Whether the trace is kept longer than ordinary ones. */
  isWorthKeeping(traceId: string): boolean;
  /** One JSON string per span. */
  spansOf(traceId: string): { spans: readonly string[]; dropped: number } | undefined;
  /** The service of the trace's root span. */
  serviceOf(traceId: string): string | undefined;
  newestFirst(): Iterable<Entry>;
  /** Traces with a span that links to this trace. */
  linkedFrom(traceId: string): TraceSummary[];
  ofOrder(orderId: string): Entry[];
  revision(): number;
  /** Number of spans received, including dropped ones, and without repeated ones. */
  received(): number;
  bytes(): number;
  /** Number of traces that are kept. */
  size(): number;
}

/** Maximum number of spans of one trace: an endless trace must not evict all others. */
const mostSpans = 1000;

/** @param capacity in bytes */
export function createTraceStore(capacity: number): TraceStore {
  const entries = new Map<string, Entry & Sized>();
  const recentTexts = createTextArena();
  const keptTexts = createTextArena();
  const worthKeeping = createRing<Entry & Sized>(capacity / 2, ({ traceId, spans }) => {
    for (const { text } of spans) keptTexts.free(text);
    entries.delete(traceId);
  });
  const recent = createRing<Entry & Sized>(capacity / 2, (entry) => {
    if (isWorthKeeping(entry)) {
      entry.ring = 'kept';
      for (const span of entry.spans) span.text = keptTexts.take(span.text, recentTexts);
      worthKeeping.push(entry);
    } else {
      for (const { text } of entry.spans) recentTexts.free(text);
      entries.delete(entry.traceId);
    }
  });
  let revision = 0;
  let received = 0;

  function entryOf(span: SpanRecord): Entry & Sized {
    const known = entries.get(span.traceId);
    if (known !== undefined) return known;
    const entry = createEntry(span.traceId);
    entries.set(span.traceId, entry);
    recent.push(entry);
    return entry;
  }

  function* newestFirst(): Iterable<Entry> {
    yield* recent.newestFirst();
    yield* worthKeeping.newestFirst();
  }

  return {
    add(spans) {
      revision += 1;
      const added: SpanRecord[] = [];
      for (const span of spans) {
        const entry = entryOf(span);
        if (entry.spans.some(({ id }) => id === span.spanId)) continue;
        added.push(span);
        received += 1;
        entry.revision = revision;
        enter(entry, span);
        if (entry.spans.length >= mostSpans) {
          entry.dropped += 1;
          continue;
        }
        const isKept = entry.ring === 'kept';
        const text = (isKept ? keptTexts : recentTexts).put(JSON.stringify(span));
        entry.spans.push({ id: span.spanId, text });
        (isKept ? worthKeeping : recent).grow(entry, sizeOfStored(text));
      }
      return added;
    },
    has: (traceId) => entries.has(traceId),
    isWorthKeeping(traceId) {
      const entry = entries.get(traceId);
      return entry !== undefined && isWorthKeeping(entry);
    },
    spansOf(traceId) {
      const entry = entries.get(traceId);
      return entry && { spans: entry.spans.map(({ text }) => readText(text)), dropped: entry.dropped };
    },
    serviceOf: (traceId) => entries.get(traceId)?.root.service,
    newestFirst,
    linkedFrom: (traceId) =>
      [...newestFirst()].filter(({ linksTo }) => linksTo.includes(traceId)).map(summaryOf),
    ofOrder: (orderId) => [...newestFirst()].filter(({ orderIds }) => orderIds.includes(orderId)),
    revision: () => revision,
    received: () => received,
    bytes: () => recent.bytes() + worthKeeping.bytes(),
    size: () => entries.size,
  };
}
