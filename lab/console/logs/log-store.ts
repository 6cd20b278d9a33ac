import { hash } from 'node:crypto';
import { type Static, Type } from 'typebox';
import type { Level, LogRecord } from '../api-types.ts';
import { createRing, type Sized } from '../ring.ts';
import { createTextArena, readText, sizeOfStored, type StoredText } from '../text-arena.ts';

export const LogQuery = Type.Object(
  {
    /** Only lines that arrived after the line with this number. */
    after: Type.Optional(Type.Integer({ minimum: 0 })),
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
   * Adds the lines of a request. One that is equal to a line of an earlier request, time and ids included, is left out: a
   * sender repeats a batch whose answer it did not get. Equal lines of one request are all kept.
   */
  add(lines: readonly LogRecord[]): void;
  /** The newest matching lines, oldest first, and the number of older matches that were omitted. */
  find(query: LogQuery): { last: number; lines: string[]; skipped: number; kept: number };
  /** Oldest first. */
  ofTrace(traceId: string): string[];
  ofOrder(orderId: string): string[];
  /** The trace of the request with this id. */
  traceOfRequest(requestId: string): string | undefined;
  received(): number;
  bytes(): number;
}

interface Line extends Sized {
  number: number;
  time: number;
  service: string;
  severity: number;
  event: string;
  orderId: string;
  traceId: string;
  requestId: string;
  json: StoredText;
}

const severities: readonly Level[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const warn = severities.indexOf('warn');
/** Number of earlier lines that a repetition is compared with: some ten batches. */
const mostCompared = 10_000;
/** Maximum number of lines shown with one trace or order. */
const mostBeside = 500;
/** Approximate bytes of a line's fields beside its JSON, mostly ids. */
const fieldsSize = 200;

/**
 * @param capacity in bytes
 * @param staysFor whether the trace with this id is kept longer, and its lines with it
 */
export function createLogStore(capacity: number, staysFor: (traceId: string) => boolean): LogStore {
  const recentTexts = createTextArena();
  const keptTexts = createTextArena();
  const kept = createRing<Line>(capacity / 2, ({ json }) => keptTexts.free(json));
  const recent = createRing<Line>(capacity / 2, (line) => {
    if (line.severity >= warn || (line.traceId !== '' && staysFor(line.traceId))) {
      line.json = keptTexts.take(line.json, recentTexts);
      kept.push(line);
    } else recentTexts.free(line.json);
  });
  const compared = new Set<string>();
  let number = 0;

  /** Remembers the lines of a request once it was read. */
  function remember(digests: readonly string[]): void {
    for (const digest of digests) compared.add(digest);
    for (const oldest of compared) {
      if (compared.size <= mostCompared) break;
      compared.delete(oldest);
    }
  }

  function* newestFirst(): Iterable<Line> {
    yield* recent.newestFirst();
    yield* kept.newestFirst();
  }

  function beside(isWanted: (line: Line) => boolean): string[] {
    const found: string[] = [];
    for (const line of newestFirst()) {
      if (found.length === mostBeside) break;
      if (isWanted(line)) found.push(readText(line.json));
    }
    return found.toReversed();
  }

  return {
    add(lines) {
      const digests: string[] = [];
      for (const line of lines) {
        const content = JSON.stringify(line);
        const digest = hash('sha1', content, 'base64');
        if (compared.has(digest)) continue;
        digests.push(digest);
        number += 1;
        // A NumberedLog.
        const json = recentTexts.put(`${content.slice(0, -1)},"number":${number}}`);
        const requestId = line.attributes['request_id'];
        recent.push({
          number,
          time: line.time,
          service: line.service,
          severity: severities.indexOf(line.level),
          event: line.event,
          orderId: line.orderId,
          traceId: line.traceId,
          requestId: typeof requestId === 'string' ? requestId : '',
          json,
          bytes: fieldsSize + sizeOfStored(json),
        });
      }
      remember(digests);
    },
    find(query) {
      const { after = 0, limit } = query;
      const isWanted = matcher(query);
      const found: string[] = [];
      let skipped = 0;
      for (const line of newestFirst()) {
        if (line.number <= after) break;
        if (!isWanted(line)) continue;
        if (found.length < limit) found.push(readText(line.json));
        else if (after === 0) break;
        else skipped += 1;
      }
      return { last: number, lines: found.toReversed(), skipped, kept: recent.size() + kept.size() };
    },
    ofTrace: (traceId) => beside((line) => line.traceId === traceId),
    ofOrder: (orderId) => beside((line) => line.orderId === orderId),
    traceOfRequest(requestId) {
      for (const line of newestFirst()) {
        if (line.requestId === requestId && line.traceId !== '') return line.traceId;
      }
      return undefined;
    },
    received: () => number,
    bytes: () => recent.bytes() + kept.bytes(),
  };
}

function matcher(query: LogQuery): (line: Line) => boolean {
  const {
    level = 'trace',
    event = '',
    order = '',
    trace = '',
    service = '',
    from = 0,
    to = Infinity,
  } = query;
  const least = severities.indexOf(level);
  const text = query.text?.toLowerCase();
  const inJson = text && JSON.stringify(text).slice(1, -1);
  return (line) =>
    line.severity >= least &&
    line.time >= from &&
    line.time <= to &&
    (service === '' || line.service.includes(service)) &&
    (event === '' || line.event.includes(event)) &&
    (order === '' || line.orderId.startsWith(order)) &&
    (trace === '' || line.traceId.startsWith(trace)) &&
    (!inJson || readText(line.json).toLowerCase().includes(inJson));
}
