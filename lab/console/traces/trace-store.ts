import type { SpanRecord, TraceSummary } from '../api-types.ts';
import { createRecordArena, type Place } from '../record-arena.ts';
import { createRing } from '../ring.ts';
import { factsOf, type SpanFacts } from './span-facts.ts';
import { createSpanTexts } from './span-text.ts';
import { createEntry, type Entry, enter, isWorthKeeping, listedSize, summaryOf } from './trace-entry.ts';

/** Traces in the order of their arrival, bounded by bytes. Failed, slow and eventful traces outlive the others. */
export interface TraceStore {
  /**
   * Adds the spans of a request; none of them if the iteration throws. One that its trace has already is left out: a sender
   * repeats a batch whose answer it did not get.
   *
   * @returns those that were added
   */
  add(spans: Iterable<SpanRecord>): SpanFacts[];
  has(traceId: string): boolean;
  entryOf(traceId: string): Entry | undefined;
  /** Whether the trace is kept longer than ordinary ones. */
  isWorthKeeping(traceId: string): boolean;
  spansOf(traceId: string): { spans: readonly SpanRecord[]; dropped: number } | undefined;
  recordsOf(entry: Entry): SpanRecord[];
  /** Whether the text stands in a span of the trace as it does in JSON, in lower case. */
  contains(entry: Entry, text: string): boolean;
  /** The service that answered a request of the trace, by the name of its span; `undefined` until that span arrives. */
  answererOf(traceId: string, name: string): string | undefined;
  newestFirst(): Iterable<Entry>;
  /** Traces with a span that links to this trace. */
  linkedFrom(traceId: string): TraceSummary[];
  ofOrder(orderId: string): Entry[];
  revision(): number;
  /** Number of spans received, including dropped ones, and without repeated ones. */
  received(): number;
  /** Bytes that it takes, in the heap and beside it. */
  bytes(): number;
  /** Number of traces that are kept. */
  size(): number;
}

/** Maximum number of spans of one trace: an endless trace must not evict all others. And of those that are kept beyond it, for their children. */
const mostSpans = 1000;
const mostParents = 200;

/** Numbers of a span's record: where the next span of its trace stands, and both halves of its id. */
const next = 0;
const idHigh = 1;
const idLow = 2;
const nowhere = -1;

/** @param capacity in bytes */
export function createTraceStore(capacity: number): TraceStore {
  const entries = new Map<string, Entry>();
  const texts = createSpanTexts();
  const arenaOptions = { numbers: 3, capacity: capacity / 2 };
  const arenas = { recent: createRecordArena(arenaOptions), kept: createRecordArena(arenaOptions) };
  const sizeOf = ({ bytes }: Entry) => bytes;
  const worthKeeping = createRing<Entry>({
    capacity: capacity / 2,
    sizeOf,
    slack: arenas.kept.slack,
    onEvict: forget,
  });
  const recent = createRing<Entry>({
    capacity: capacity / 2,
    sizeOf,
    slack: arenas.recent.slack,
    onEvict(entry) {
      if (!isWorthKeeping(entry)) {
        forget(entry);
        return;
      }
      const places = placesOf(entry);
      entry.ring = 'kept';
      entry.firstSpan = nowhere;
      for (const place of places) append(entry, arenas.kept.take(place, arenas.recent));
      worthKeeping.push(entry);
    },
  });
  let revision = 0;
  let received = 0;

  function placesOf({ ring, firstSpan }: Entry): Place[] {
    const places: Place[] = [];
    for (let place = firstSpan; place !== nowhere; place = arenas[ring].number(place, next))
      places.push(place);
    return places;
  }

  function append(entry: Entry, place: Place): void {
    const arena = arenas[entry.ring];
    arena.setNumber(place, next, nowhere);
    if (entry.firstSpan === nowhere) entry.firstSpan = place;
    else arena.setNumber(entry.lastSpan, next, place);
    entry.lastSpan = place;
  }

  function forget(entry: Entry): void {
    for (const place of placesOf(entry)) arenas[entry.ring].free(place);
    entries.delete(entry.traceId);
  }

  function hasSpan({ ring, firstSpan }: Entry, high: number, low: number): boolean {
    const arena = arenas[ring];
    for (let place = firstSpan; place !== nowhere; place = arena.number(place, next))
      if (arena.number(place, idLow) === low && arena.number(place, idHigh) === high) return true;
    return false;
  }

  /** Notes the parents that the spans of a full trace have and the trace has not. @returns the bytes by which it grows */
  function awaitParents(entry: Entry): number {
    if (entry.awaited !== undefined) return 0;
    const kept = recordsOf(entry);
    const ids = new Set(kept.map(({ spanId }) => spanId));
    entry.awaited = new Set(kept.map(({ parentId }) => parentId).filter((id) => id !== '' && !ids.has(id)));
    return listedSize * entry.awaited.size;
  }

  /** Whether a full trace keeps the span. A parent ends after its children, and so it arrives after them; the root is the last of all. */
  function isAwaited(entry: Entry, { spanId, parentId }: SpanFacts): boolean {
    const isFirstRoot = parentId === '' && !entry.hasRoot;
    const isParent = entry.spans < mostSpans + mostParents && entry.awaited?.delete(spanId) === true;
    if (isParent && parentId !== '') entry.awaited?.add(parentId);
    return isFirstRoot || isParent;
  }

  /** Adds a span that is in the arena of recent ones. @returns whether it is new */
  function addSpan(facts: SpanFacts, place: Place): boolean {
    const { spanId } = facts;
    const [high, low] = [Number.parseInt(spanId.slice(0, 8), 16), Number.parseInt(spanId.slice(8), 16)];
    const known = entries.get(facts.traceId);
    const entry = known ?? createEntry(facts.traceId);
    if (hasSpan(entry, high, low)) {
      arenas.recent.free(place);
      return false;
    }
    received += 1;
    entry.revision = revision;
    const isFull = entry.spans >= mostSpans;
    let growth = isFull ? awaitParents(entry) : 0;
    const isKept = !isFull || isAwaited(entry, facts);
    growth += enter(entry, facts);
    if (!isKept) {
      entry.dropped += 1;
      arenas.recent.free(place);
    } else {
      const arena = arenas[entry.ring];
      const own = entry.ring === 'kept' ? arena.take(place, arenas.recent) : place;
      arena.setNumber(own, idHigh, high);
      arena.setNumber(own, idLow, low);
      append(entry, own);
      entry.spans += 1;
      growth += arena.size(own);
    }
    entry.bytes += growth;
    if (known === undefined) {
      entries.set(entry.traceId, entry);
      recent.push(entry);
    } else (entry.ring === 'kept' ? worthKeeping : recent).grew(growth);
    return true;
  }

  function* newestFirst(): Iterable<Entry> {
    yield* recent.newestFirst();
    yield* worthKeeping.newestFirst();
  }

  const recordsOf = (entry: Entry) =>
    placesOf(entry).map((place) => texts.toRecord(entry.traceId, arenas[entry.ring].text(place)));

  return {
    add(spans) {
      const read: Array<{ facts: SpanFacts; place: Place }> = [];
      try {
        for (const span of spans)
          read.push({ facts: factsOf(span), place: arenas.recent.put(texts.toText(span)) });
      } catch (error) {
        for (const { place } of read) arenas.recent.free(place);
        recent.grew(0);
        throw error;
      }
      revision += 1;
      const added = read.filter(({ facts, place }) => addSpan(facts, place)).map(({ facts }) => facts);
      // Repeated spans leave their room.
      recent.grew(0);
      return added;
    },
    has: (traceId) => entries.has(traceId),
    entryOf: (traceId) => entries.get(traceId),
    isWorthKeeping(traceId) {
      const entry = entries.get(traceId);
      return entry !== undefined && isWorthKeeping(entry);
    },
    spansOf(traceId) {
      const entry = entries.get(traceId);
      return entry && { spans: recordsOf(entry), dropped: entry.dropped };
    },
    recordsOf,
    contains: (entry, text) =>
      placesOf(entry).some((place) => texts.contains(arenas[entry.ring].text(place), text)),
    answererOf(traceId, name) {
      const entry = entries.get(traceId);
      return entry && recordsOf(entry).find((span) => span.kind === 'SERVER' && span.name === name)?.service;
    },
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
