import { expect, test } from 'vitest';
import { spanRecord } from '../../../test/support/generators/span-record.ts';
import type { SpanRecord } from '../api-types.ts';
import { findTraces } from './trace-query.ts';
import { createTraceStore } from './trace-store.ts';

const traceIdOf = (number: number) => number.toString(16).padStart(32, '0');
let spans = 0;

function span(trace: number, rest: Partial<SpanRecord> = {}): SpanRecord {
  spans += 1;
  const start = 1_700_000_000_000 + trace;
  const spanId = spans.toString(16).padStart(16, '0');
  return spanRecord({ traceId: traceIdOf(trace), spanId, start, end: start + 5, ...rest });
}

const ids = (store: ReturnType<typeof createTraceStore>, query: object = {}) =>
  findTraces(store, { limit: 100, ...query }).traces.map(({ traceId }) => Number(`0x${traceId}`));

test('a trace store stays within its capacity in a flood and keeps a failed trace', () => {
  const capacity = 200_000;
  const store = createTraceStore(capacity);
  store.add([span(1, { failed: true }), span(2), span(3, { end: 1_700_000_000_003 + 400 })]);
  for (let trace = 10; trace < 5000; trace += 1) store.add([span(trace)]);

  expect(store.bytes()).toBeLessThanOrEqual(capacity);
  expect([1, 2, 3].map((trace) => store.has(traceIdOf(trace)))).toEqual([true, false, true]);
  expect(store.has(traceIdOf(4999))).toBe(true);
});

test('a trace store stays within its capacity in a flood of failed traces', () => {
  const capacity = 200_000;
  const store = createTraceStore(capacity);
  for (let trace = 1; trace < 5000; trace += 1)
    store.add([span(trace, { failed: true, name: '茶'.repeat(50) })]);
  expect(store.bytes()).toBeLessThanOrEqual(capacity);
  expect(store.has(traceIdOf(4999))).toBe(true);
});

test('a trace has the status of its answer, also by the name that it had in earlier conventions', () => {
  const store = createTraceStore(200_000);
  const answered = (name: string, status: number) => ({ attributes: { [name]: status } });
  store.add([
    span(1, answered('http.status_code', 503)),
    span(2, answered('http.response.status_code', 503)),
    span(3, answered('http.status_code', 404)),
  ]);
  expect(ids(store, { status: '5xx' })).toEqual([2, 1]);
  expect(ids(store, { status: '4xx' })).toEqual([3]);
});

test('a trace store drops spans beyond the limit of one trace and counts them', () => {
  const store = createTraceStore(10_000_000);
  for (let count = 0; count < 1500; count += 1) store.add([span(1)]);
  expect(store.spansOf(traceIdOf(1))).toMatchObject({ dropped: 500 });
});

test('a trace beyond the limit has its root and the parents of its spans, which arrive last', () => {
  const store = createTraceStore(10_000_000);
  const root = 'a'.repeat(16);
  const step = 'b'.repeat(16);
  for (let count = 0; count < 1500; count += 1) store.add([span(1, { parentId: step, name: 'row' })]);
  store.add([
    span(1, { parentId: root, name: 'without a span that was kept' }),
    span(1, { spanId: step, parentId: root, name: 'batch' }),
    span(1, { spanId: root, name: 'import' }),
  ]);
  const kept = store.spansOf(traceIdOf(1));
  expect(kept?.spans.slice(1000).map(({ name }) => name)).toEqual(['batch', 'import']);
  expect(kept?.dropped).toBe(501);
});

test('a trace is named after its root span in any order of arrival', () => {
  const store = createTraceStore(100_000);
  const child = { parentId: 'a'.repeat(16), name: 'INSERT orders', kind: 'CLIENT' };
  store.add([span(1, { ...child, attributes: { 'orders.order.id': 'o-1' } })]);
  expect(ids(store)).toEqual([]);
  store.add([span(1, { name: 'POST /orders', attributes: { 'http.response.status_code': 201 } })]);
  store.add([span(1, child)]);
  expect(findTraces(store, { limit: 10 }).traces).toMatchObject([
    { name: 'POST /orders', httpStatus: 201, spans: 3, orderIds: ['o-1'], services: ['orders'] },
  ]);
});

test('traces are filtered by status, duration, order, route and text', () => {
  const store = createTraceStore(1_000_000);
  store.add([
    span(1, {
      name: 'POST /orders',
      attributes: { 'http.response.status_code': 503, 'orders.order.id': 'o-1' },
      failed: true,
    }),
    span(2, { name: 'GET /orders/:id', attributes: { 'http.response.status_code': 404 } }),
    span(3, {
      name: 'GET /orders',
      end: 1_700_000_000_003 + 250,
      attributes: { 'orders.client.id': 'Shop "A"' },
    }),
  ]);
  expect(ids(store)).toEqual([3, 2, 1]);
  expect(ids(store, { status: 'failed' })).toEqual([1]);
  expect(ids(store, { status: 'ok' })).toEqual([3, 2]);
  expect(ids(store, { status: '4xx' })).toEqual([2]);
  expect(ids(store, { longer: 100 })).toEqual([3]);
  expect(ids(store, { order: 'o-1' })).toEqual([1]);
  expect(ids(store, { route: 'post' })).toEqual([1]);
  expect(ids(store, { text: 'shop "a"' })).toEqual([3]);
  expect(ids(store, { text: 'nowhere' })).toEqual([]);
});

test('a query with after returns only changed traces', () => {
  const store = createTraceStore(1_000_000);
  store.add([span(1), span(2)]);
  const { revision } = findTraces(store, { limit: 100 });
  store.add([span(2), span(3)]);
  expect(ids(store, { after: revision })).toEqual([3, 2]);
});

test('a trace store finds the settlement trace that links to the trace of the order', () => {
  const store = createTraceStore(1_000_000);
  const links = [{ traceId: traceIdOf(1), spanId: 'b'.repeat(16), attributes: {} }];
  store.add([span(1), span(2, { name: 'orders.settle', kind: 'CONSUMER', links })]);
  expect(store.linkedFrom(traceIdOf(1))).toMatchObject([{ traceId: traceIdOf(2), name: 'orders.settle' }]);
  expect(store.linkedFrom(traceIdOf(2))).toEqual([]);
});

test('traces are found by a service that took part and by the period in which they were under way', () => {
  const store = createTraceStore(1_000_000);
  const start = 1_700_000_000_000;
  store.add([span(1), span(2, { service: 'payment-gateway' }), span(500, { end: start + 900 })]);
  expect(ids(store, { service: 'gateway' })).toEqual([2]);
  // Trace 2 ends at 7 ms; trace 500 lasts from 500 to 900 ms.
  expect(ids(store, { from: start + 7, to: start + 400 })).toEqual([2]);
  expect(ids(store, { from: start + 600, to: start + 700 })).toEqual([500]);
  expect(findTraces(store, { limit: 1 })).toMatchObject({ traces: [{}], kept: 3 });
});
