import { type Static, Type } from 'typebox';
import type { TraceList } from '../api-types.ts';
import { type Entry, isPresentable, summaryOf } from './trace-entry.ts';
import type { TraceStore } from './trace-store.ts';

export const TraceQuery = Type.Object(
  {
    /** Only traces that changed since this revision. */
    after: Type.Optional(Type.Integer({ minimum: 0 })),
    status: Type.Optional(Type.Enum(['failed', 'ok', '2xx', '4xx', '5xx'])),
    /** Minimum duration in milliseconds. */
    longer: Type.Optional(Type.Number({ minimum: 0 })),
    order: Type.Optional(Type.String({ maxLength: 100 })),
    route: Type.Optional(Type.String({ maxLength: 200 })),
    /** Only traces of the name and the service of this one, which may be absent. */
    like: Type.Optional(Type.String({ maxLength: 100 })),
    text: Type.Optional(Type.String({ maxLength: 200 })),
    /** Only traces with a span of a service whose name contains this. */
    service: Type.Optional(Type.String({ maxLength: 200 })),
    /** Only traces that were under way in this period, in milliseconds since 1970. */
    from: Type.Optional(Type.Number({ minimum: 0 })),
    to: Type.Optional(Type.Number({ minimum: 0 })),
    limit: Type.Integer({ minimum: 1, maximum: 200, default: 100 }),
  },
  { additionalProperties: false },
);
export type TraceQuery = Static<typeof TraceQuery>;

/** Maximum number of characters that one query searches: about 20 ms of work. */
const mostText = 16_000_000;

/** The newest traces that match. */
export function findTraces(store: TraceStore, query: TraceQuery): TraceList {
  const text = query.text?.toLowerCase();
  const inJson = text && JSON.stringify(text).slice(1, -1);
  const model = query.like === undefined ? undefined : store.entryOf(query.like.toLowerCase());
  const traces: TraceList['traces'] = [];
  let revision = store.revision();
  let partial = false;
  let read = 0;
  for (const entry of store.newestFirst()) {
    if (entry.revision <= (query.after ?? 0)) continue;
    if (!isPresentable(entry)) {
      // Included in the answer to a later query.
      revision = Math.min(revision, entry.revision - 1);
      continue;
    }
    if (!matches(entry, query)) continue;
    if (query.like !== undefined && !isLike(entry, model)) continue;
    if (inJson) {
      if (read > mostText) {
        partial = true;
        break;
      }
      read += entry.bytes;
      if (!entry.traceId.includes(inJson) && !store.contains(entry, inJson)) continue;
    }
    traces.push(summaryOf(entry));
    if (traces.length === query.limit) break;
  }
  return { revision, traces, partial, kept: store.size() };
}

function matches(entry: Entry, query: TraceQuery): boolean {
  const { status, longer = 0, order = '', route = '', service = '', from = 0, to = Infinity } = query;
  return (
    entry.end >= from &&
    entry.start <= to &&
    (service === '' || entry.services.some((name) => name.includes(service))) &&
    entry.end - entry.start >= longer &&
    (order === '' || entry.orderIds.some((id) => id.startsWith(order))) &&
    entry.name.toLowerCase().includes(route.toLowerCase()) &&
    hasStatus(entry, status)
  );
}

function isLike({ name, service, traceId }: Entry, model: Entry | undefined): boolean {
  return name === model?.name && service === model.service && traceId !== model.traceId;
}

function hasStatus({ failed, httpStatus }: Entry, status: TraceQuery['status']): boolean {
  if (status === undefined) return true;
  if (status === 'failed' || status === 'ok') return failed === (status === 'failed');
  return httpStatus !== null && Math.floor(httpStatus / 100) === Number(status[0]);
}
