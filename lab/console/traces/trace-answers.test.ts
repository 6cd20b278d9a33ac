import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SpanRecord } from '../api-types.ts';
import { findTraces, type TraceQuery } from './trace-query.ts';
import { createTraceStore } from './trace-store.ts';

const start = 1_700_000_000_000;
const idOf = (length: number) => (number: number) => number.toString(16).padStart(length, '0');

const span: fc.Arbitrary<SpanRecord> = fc
  .record({
    trace: fc.integer({ min: 1, max: 12 }),
    span: fc.integer({ min: 1, max: 40 }),
    parent: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
    name: fc.constantFrom('POST /orders', 'GET /orders', 'INSERT orders'),
    kind: fc.constantFrom('SERVER', 'CLIENT', 'INTERNAL'),
    service: fc.constantFrom('orders', 'payment-gateway'),
    offset: fc.nat({ max: 50 }),
    duration: fc.nat({ max: 400 }),
    failed: fc.boolean(),
    message: fc.oneof(
      fc.constant(''),
      fc.string({ unit: 'grapheme', maxLength: 400 }),
      fc.constant('"Tea" \\ 茶'),
    ),
    status: fc.option(fc.constantFrom(201, 404, 503), { nil: undefined }),
    order: fc.option(fc.constantFrom('o-1', 'o-10', 'o-2'), { nil: undefined }),
    link: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
  })
  .map((given) => ({
    traceId: idOf(32)(given.trace),
    // Both halves of an id tell spans apart.
    spanId: given.span % 2 === 0 ? idOf(16)(given.span) : `${idOf(8)(given.span)}ffffffff`,
    parentId: given.parent === undefined ? '' : idOf(16)(given.parent),
    name: given.name,
    kind: given.kind,
    service: given.service,
    start: start + given.offset,
    end: start + given.offset + given.duration,
    failed: given.failed,
    message: given.message,
    attributes: {
      ...(given.status !== undefined && { 'http.response.status_code': given.status }),
      ...(given.order !== undefined && { 'orders.order.id': given.order }),
    },
    events: [],
    links:
      given.link === undefined
        ? []
        : [{ traceId: idOf(32)(given.link), spanId: idOf(16)(1), attributes: {} }],
    dropped: 0,
    origin: 1,
    flags: 0,
  }));

const query: fc.Arbitrary<Omit<TraceQuery, 'limit'>> = fc.record(
  {
    status: fc.constantFrom('failed' as const, 'ok' as const, '2xx' as const, '4xx' as const, '5xx' as const),
    longer: fc.nat({ max: 400 }),
    order: fc.constantFrom('o-1', 'o-2', 'o'),
    route: fc.constantFrom('post', '/orders', 'INSERT'),
    text: fc.constantFrom('"tea"', '茶', 'insert', '503', 'nowhere', '\\'),
    service: fc.constantFrom('gateway', 'orders'),
    from: fc.integer({ min: start, max: start + 450 }),
    to: fc.integer({ min: start, max: start + 450 }),
  },
  { requiredKeys: [] },
);

const steps = fc.array(
  fc.record({
    spans: fc.array(span, { maxLength: 8 }),
    breaks: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  }),
  { maxLength: 30 },
);

/** A list of all spans by trace, which is searched from the start for each question. */
function createNaiveStore() {
  const traces = new Map<string, SpanRecord[]>();
  return {
    traces,
    add(spans: readonly SpanRecord[]) {
      for (const each of spans) {
        const own = traces.get(each.traceId) ?? [];
        traces.set(each.traceId, own);
        if (!own.some(({ spanId }) => spanId === each.spanId)) own.push(each);
      }
    },
  };
}

function summaryOf(spans: readonly SpanRecord[]) {
  const roots = spans.filter(({ parentId }) => parentId === '');
  const [root] = (roots.length > 0 ? roots : spans).toSorted((a, b) => a.start - b.start);
  const status = root?.attributes['http.response.status_code'];
  const orderIds = spans.flatMap(({ attributes: { 'orders.order.id': id } }) =>
    typeof id === 'string' ? id : [],
  );
  return {
    name: root?.name ?? '',
    service: root?.service,
    services: [...new Set(spans.map(({ service }) => service))],
    start: Math.min(...spans.map((each) => each.start)),
    duration: Math.max(...spans.map(({ end }) => end)) - Math.min(...spans.map((each) => each.start)),
    spans: spans.length,
    failed: spans.some(({ failed }) => failed),
    httpStatus: root?.kind === 'SERVER' && typeof status === 'number' ? status : null,
    orderIds: [...new Set(orderIds)],
    hasRoot: roots.length > 0,
  };
}

function matches(spans: readonly SpanRecord[], wanted: Omit<TraceQuery, 'limit'>): boolean {
  const { name, services, start: begin, duration, failed, httpStatus, orderIds, hasRoot } = summaryOf(spans);
  const {
    status,
    longer = 0,
    order = '',
    route = '',
    service = '',
    from = 0,
    to = Infinity,
    text = '',
  } = wanted;
  const hasStatus =
    status === undefined ||
    (status === 'failed' ? failed : status === 'ok' ? !failed : `${httpStatus}`.startsWith(status.charAt(0)));
  return (
    hasRoot &&
    hasStatus &&
    duration >= longer &&
    begin <= to &&
    begin + duration >= from &&
    services.some((each) => each.includes(service)) &&
    (order === '' || orderIds.some((id) => id.startsWith(order))) &&
    name.toLowerCase().includes(route.toLowerCase()) &&
    spans.some((each) =>
      JSON.stringify(each).toLowerCase().includes(JSON.stringify(text.toLowerCase()).slice(1, -1)),
    )
  );
}

/** As it comes back from JSON and UTF-8: half of a surrogate pair is no character. */
const received = (each: SpanRecord): SpanRecord => JSON.parse(JSON.stringify(each)) as SpanRecord;

function addTo(
  store: ReturnType<typeof createTraceStore>,
  { spans, breaks }: { spans: SpanRecord[]; breaks: boolean },
) {
  function* read() {
    yield* spans;
    if (breaks) throw new RangeError('The message is truncated.');
  }
  try {
    store.add(read());
  } catch (error) {
    if (!breaks) throw error;
  }
}

test('a trace store without an eviction gives the answers of a naive store', () => {
  fc.assert(
    fc.property(steps, fc.array(query, { maxLength: 10 }), (batches, queries) => {
      const store = createTraceStore(10_000_000);
      const naive = createNaiveStore();
      for (const batch of batches) {
        addTo(store, batch);
        if (!batch.breaks) naive.add(batch.spans);
      }
      expect(store.size()).toBe(naive.traces.size);
      expect(store.received()).toBe([...naive.traces.values()].flat().length);
      for (const [traceId, spans] of naive.traces) {
        const found = store.spansOf(traceId)?.spans;
        expect(found).toEqual(spans.map(received));
        const linking = [...naive.traces].filter(([, each]) =>
          each.some(({ links }) => links.some((link) => link.traceId === traceId)),
        );
        expect(store.linkedFrom(traceId).map((each) => each.traceId)).toEqual(
          linking.map(([id]) => id).toReversed(),
        );
      }
      for (const wanted of [{}, ...queries]) {
        const expected = [...naive.traces].filter(([, spans]) => matches(spans, wanted)).toReversed();
        const { traces, kept, partial } = findTraces(store, { ...wanted, limit: 100 });
        expect({ ids: traces.map(({ traceId }) => traceId), kept, partial }).toEqual({
          ids: expected.map(([traceId]) => traceId),
          kept: naive.traces.size,
          partial: false,
        });
        for (const [at, [, spans]] of expected.entries()) {
          const { hasRoot: _hasRoot, ...summary } = summaryOf(spans);
          expect(traces[at]).toMatchObject(summary);
        }
      }
    }),
  );
});

test('a trace store that evicts has a whole number of traces, each with its newest spans, and stays within its capacity', () => {
  const capacities = fc.integer({ min: 60_000, max: 200_000 });
  fc.assert(
    fc.property(steps, capacities, fc.nat({ max: 3 }), (batches, capacity, padding) => {
      const store = createTraceStore(capacity);
      const naive = createNaiveStore();
      for (const batch of batches) {
        const spans = batch.spans.map((each) => ({
          ...each,
          message: each.message + '茶'.repeat(1000 * padding),
        }));
        addTo(store, { ...batch, spans });
        if (!batch.breaks) naive.add(spans);
        expect(store.bytes()).toBeLessThanOrEqual(capacity);
      }
      const entries = [...store.newestFirst()];
      expect(new Set(entries.map(({ traceId }) => traceId)).size).toBe(store.size());
      for (const entry of entries) {
        const spans = store.recordsOf(entry);
        expect(entry.spans).toBe(spans.length);
        const own = (naive.traces.get(entry.traceId) ?? []).map(received);
        // A trace that was dropped begins again with its next span, and then a repeated span is new to it.
        for (const each of spans) expect(own.map(({ spanId }) => spanId)).toContain(each.spanId);
        expect(summaryOf(spans)).toMatchObject({
          start: entry.start,
          failed: entry.failed,
          name: entry.name,
        });
      }
    }),
  );
});
