import type { SpanRecord } from '../../../lab/console/api-types.ts';

/** A span as the console keeps it, with nothing to tell but what is given. */
export function spanRecord(given: Pick<SpanRecord, 'start' | 'end'> & Partial<SpanRecord>): SpanRecord {
  return {
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    parentId: '',
    name: 'POST /orders',
    kind: 'SERVER',
    service: 'orders',
    failed: false,
    message: '',
    attributes: {},
    events: [],
    links: [],
    dropped: 0,
    origin: 1,
    flags: 0,
    ...given,
  };
}
