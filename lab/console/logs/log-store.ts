import { hash } from 'node:crypto';
import { type Static, Type } from 'typebox';
import type { Level, LogRecord } from '../api-types.ts';
import { createRecordArena, type Place, type RecordArena } from '../record-arena.ts';
import { createRing } from '../ring.ts';

export const LogQuery = Type.Object(
  {
    /** Only lines that arrived after the line with this number. */
    after: Type.Optional(Type.Integer({ minimum: 0 })),
    /** Only lines that arrived up to the line with this number. */
    upTo: Type.Optional(Type.Integer({ minimum: 0 })),
    /** Minimum level. */
    level: Type.Optional(Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])),
    event: Type.Optional(Type.String({ maxLength: 200 })),
    order: Type.Optional(Type.String({ maxLength: 100 })),
    trace: Type.Optional(Type.String({ maxLength: 64 })),
    text: Type.Optional(Type.String({ maxLength: 200 })),
    service: Type.Optional(Type.String({ maxLength: 200 })),
    /** Only lines of this period, in milliseconds since 1970. */
    from: Type.Optional(Type.Number({ minimum: 0 })),
    to: Type.Optional(Type.Number({ minimum: 0 })),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 300 }),
  },
  { additionalProperties: false },
);
export type LogQuery = Static<typeof LogQuery>;

/**
 * Log lines in the order of their arrival, bounded by bytes. Warnings and lines of kept traces outlive the rest.
 * Lines are returned as JSON.
 */
export interface LogStore {
  /**
   * Adds the lines of a request; none of them if the iteration throws. One that is equal to a line of an earlier request, time and ids included, is left out: a
   * sender repeats a batch whose answer it did not get. Equal lines of one request are all kept.
   *
   * @param sender names the process whose line the iteration has just given: replicas may log equal lines in one millisecond
   */
  add(lines: Iterable<LogRecord>, sender?: () => string): void;
  /** The newest matching lines, oldest first, and the number of other matches after `after` that were omitted. */
  find(query: LogQuery): { last: number; lines: string[]; skipped: number; kept: number };
  /** Oldest first. */
  ofTrace(traceId: string): string[];
  ofOrder(orderId: string): string[];
  /** The trace of the request with this id. */
  traceOfRequest(requestId: string): string | undefined;
  received(): number;
  /** Bytes that it takes, in the heap and beside it. */
  bytes(): number;
}

const severities: readonly Level[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const warn = severities.indexOf('warn');
/** Numbers of a line's record. Its text is a LogRecord. */
const number = 0;
const time = 1;
const severity = 2;
/** Maximum number of earlier lines that a repetition is compared with: some ten batches. */
const mostCompared = 10_000;
/** Bytes of one of them, and the share of the capacity that they may have. */
const digestSize = 48;
const digestShare = 1 / 16;
/** Maximum number of lines shown with one trace or order. */
const mostBeside = 500;
/** Bytes of the list that has a line's place. */
const placeSize = 16;

/** A line where it stands. */
interface Line {
  arena: RecordArena;
  place: Place;
}

/**
 * @param capacity in bytes
 * @param staysFor whether the trace with this id is kept longer, and its lines with it
 */
export function createLogStore(capacity: number, staysFor: (traceId: string) => boolean): LogStore {
  const compared = new Set<number>();
  const compares = Math.min(mostCompared, (capacity * digestShare) / digestSize);
  const arenaOptions = { numbers: 3, capacity: capacity / 2 };
  const recentLines = createRecordArena(arenaOptions);
  const keptLines = createRecordArena(arenaOptions);
  const kept = createRing<Place>({
    capacity: capacity / 2,
    sizeOf: (place) => placeSize + keptLines.size(place),
    slack: keptLines.slack,
    onEvict: keptLines.free,
  });
  const recent = createRing<Place>({
    capacity: capacity / 2,
    sizeOf: (place) => placeSize + recentLines.size(place),
    slack: () => recentLines.slack() + compared.size * digestSize,
    onEvict(place) {
      const stays = recentLines.number(place, severity) >= warn || staysFor(traceIn(recentLines.text(place)));
      if (stays) kept.push(keptLines.take(place, recentLines));
      else recentLines.free(place);
    },
  });
  let last = 0;

  /** Remembers the lines of a request once it was read. */
  function remember(digests: readonly number[]): void {
    for (const digest of digests) compared.add(digest);
    for (const oldest of compared) {
      if (compared.size <= compares) break;
      compared.delete(oldest);
    }
  }

  function* newestFirst(): Iterable<Line> {
    for (const place of recent.newestFirst()) yield { arena: recentLines, place };
    for (const place of kept.newestFirst()) yield { arena: keptLines, place };
  }

  /** The newest lines with this id in the field, oldest first. */
  function beside(field: 'traceId' | 'orderId', id: string): string[] {
    const found: string[] = [];
    for (const line of linesWith(`"${field}":${JSON.stringify(id)}`)) {
      if (found.length === mostBeside) break;
      if (line.record[field] === id) found.push(numbered(line));
    }
    return found.toReversed();
  }

  /** Parses only the lines whose text contains this, newest first. */
  function* linesWith(content: string): Iterable<Line & { record: LogRecord }> {
    for (const line of newestFirst()) {
      const text = line.arena.text(line.place);
      if (text.includes(content)) yield { ...line, record: JSON.parse(text) as LogRecord };
    }
  }

  return {
    add(lines, sender = () => '') {
      const digests: number[] = [];
      const places: Place[] = [];
      try {
        for (const line of lines) {
          const content = JSON.stringify(line);
          const digest = digestOf(sender() + content);
          if (compared.has(digest)) continue;
          digests.push(digest);
          const place = recentLines.put(content);
          recentLines.setNumber(place, time, line.time);
          recentLines.setNumber(place, severity, severities.indexOf(line.level));
          places.push(place);
        }
      } catch (error) {
        for (const place of places) recentLines.free(place);
        recent.grew(0);
        throw error;
      }
      remember(digests);
      for (const place of places) {
        last += 1;
        recentLines.setNumber(place, number, last);
        recent.push(place);
      }
    },
    find(query) {
      const { after = 0, upTo = Infinity, limit } = query;
      const isWanted = matcher(query);
      const found: string[] = [];
      let skipped = 0;
      for (const line of newestFirst()) {
        const its = line.arena.number(line.place, number);
        if (its <= after) break;
        if (!isWanted(line)) continue;
        if (its > upTo) skipped += 1;
        else if (found.length < limit) found.push(numbered(line));
        else if (after === 0) break;
        else skipped += 1;
      }
      return { last, lines: found.toReversed(), skipped, kept: recent.size() + kept.size() };
    },
    ofTrace: (traceId) => beside('traceId', traceId),
    ofOrder: (orderId) => beside('orderId', orderId),
    traceOfRequest(requestId) {
      for (const { record } of linesWith(`"request_id":${JSON.stringify(requestId)}`)) {
        const { traceId, attributes } = record;
        if (attributes['request_id'] === requestId && traceId !== '') return traceId;
      }
      return undefined;
    },
    received: () => last,
    bytes: () => recent.bytes() + kept.bytes(),
  };
}

/** 52 bits, which fit a number: among 10,000 lines, one in 10^11 is taken for another. */
const digestOf = (content: string): number => Number.parseInt(hash('sha1', content, 'hex').slice(0, 13), 16);

/** A NumberedLog. */
function numbered({ arena, place }: Line): string {
  return `${arena.text(place).slice(0, -1)},"number":${arena.number(place, number)}}`;
}

/** No text before the id can contain this: its quotes would be escaped. */
const traceField = '"traceId":"';

/** The trace of a line, read without parsing all of it. */
function traceIn(json: string): string {
  const start = json.indexOf(traceField) + traceField.length;
  return json.slice(start, json.indexOf('"', start));
}

function matcher(query: LogQuery): (line: Line) => boolean {
  const { level = 'trace', event, order, service, from = 0, to = Infinity } = query;
  const trace = query.trace?.toLowerCase();
  const least = severities.indexOf(level);
  const words = query.text?.toLowerCase();
  const inJson = words && inText(words);
  const doubtful = inJson && (frame.includes(inJson) || /^[\da-f.]+$/.test(inJson)) ? inJson : undefined;
  // Most lines are told apart by what their text contains, which is faster than parsing it.
  const hints = [event, order, trace, service].flatMap((value) => (value ? inText(value) : []));
  const fits = (line: LogRecord) =>
    line.service.includes(service ?? '') &&
    line.event.includes(event ?? '') &&
    line.orderId.startsWith(order ?? '') &&
    line.traceId.startsWith(trace ?? '') &&
    (doubtful === undefined || says(line, doubtful));
  return ({ arena, place }) => {
    const at = arena.number(place, time);
    if (arena.number(place, severity) < least || at < from || at > to) return false;
    if (hints.length === 0 && !inJson) return true;
    const text = arena.text(place);
    return (
      hints.every((hint) => text.includes(hint)) &&
      (!inJson || text.toLowerCase().includes(inJson)) &&
      ((hints.length === 0 && doubtful === undefined) || fits(JSON.parse(text) as LogRecord))
    );
  };
}

/** What stands in the JSON of every line, in lower case, apart from figures and ids. */
const frame =
  '{"time":,"level":"","service":"","event":"","text":"","traceid":"","spanid":"","orderid":"","attributes":{},"dropped":,"origin":}';

/** Whether a line has this in what it says, and not only in its own names or in a time. Ids are found by how they begin. */
function says(line: LogRecord, inJson: string): boolean {
  const { level, service, event, text, traceId, spanId, orderId, attributes } = line;
  const said = JSON.stringify([level, service, event, text, orderId, attributes]).toLowerCase();
  return said.includes(inJson) || traceId.startsWith(inJson) || spanId.startsWith(inJson);
}

/** As the text stands in JSON. */
const inText = (value: string): string => JSON.stringify(value).slice(1, -1);
