import { expect, test } from 'vitest';
import type { LogRecord } from '../api-types.ts';
import { createLogStore, type LogQuery } from './log-store.ts';

function line(rest: Partial<LogRecord> = {}): LogRecord {
  return {
    time: 1_700_000_000_000,
    level: 'info',
    service: 'orders',
    event: 'http.request',
    text: 'request handled',
    traceId: '',
    spanId: '',
    orderId: '',
    attributes: {},
    ...rest,
  };
}

const everything: LogQuery = { limit: 1000 };
const nobodyStays = () => false;

function textsOf(store: ReturnType<typeof createLogStore>, query: Partial<LogQuery> = {}): string[] {
  const { lines } = store.find({ ...everything, ...query });
  return lines.map((each) => (JSON.parse(each) as LogRecord).text);
}

test('a line that is sent again is kept once, and an equal one of another replica as well', () => {
  const store = createLogStore(200_000, nobodyStays);
  for (const instance of ['a', 'b', 'a']) store.add([line()], () => instance);
  expect(textsOf(store)).toHaveLength(2);
});

test('a log store stays within its capacity in a flood and keeps warnings and lines of kept traces', () => {
  const capacity = 200_000;
  const store = createLogStore(capacity, (traceId) => traceId === 'kept');
  store.add([
    line({ text: 'warned', level: 'warn' }),
    line({ text: 'of a trace', traceId: 'kept' }),
    line({ text: 'usual' }),
  ]);
  for (let count = 0; count < 5000; count += 1) store.add([line({ text: `line ${count}` })]);

  expect(store.bytes()).toBeLessThanOrEqual(capacity);
  const texts = textsOf(store);
  expect(texts.slice(0, 2)).toEqual(['warned', 'of a trace']);
  expect(texts).not.toContain('usual');
  expect(texts.at(-1)).toBe('line 4999');
});

test('log lines are filtered by level, event, order, trace and text', () => {
  const store = createLogStore(1_000_000, nobodyStays);
  store.add([
    line({ text: 'a', level: 'debug', event: 'order.settled', orderId: 'o-1' }),
    line({ text: 'b', level: 'warn', event: 'payment.retry', orderId: 'o-2', traceId: 't-1' }),
    line({ text: 'c', level: 'error', attributes: { reason: 'Broken "pipe"' } }),
  ]);
  expect(textsOf(store, { level: 'warn' })).toEqual(['b', 'c']);
  expect(textsOf(store, { event: 'payment' })).toEqual(['b']);
  expect(textsOf(store, { order: 'o-1' })).toEqual(['a']);
  expect(textsOf(store, { trace: 't-1' })).toEqual(['b']);
  expect(textsOf(store, { text: 'broken "pipe"' })).toEqual(['c']);
  expect(store.ofTrace('t-1')).toHaveLength(1);
});

test('a query with after returns only newer lines, at most the newest up to the limit', () => {
  const store = createLogStore(1_000_000, nobodyStays);
  store.add([line({ text: 'old' })]);
  const { last } = store.find(everything);
  store.add(Array.from({ length: 10 }, (_, index) => line({ text: `new ${index}` })));
  const { lines, skipped } = store.find({ after: last, limit: 3 });
  expect(lines.map((each) => (JSON.parse(each) as LogRecord).text)).toEqual(['new 7', 'new 8', 'new 9']);
  expect(skipped).toBe(7);
});

test('a log store finds the trace of a request id', () => {
  const store = createLogStore(1_000_000, nobodyStays);
  store.add([
    line({ traceId: 't-1', attributes: { request_id: 'r-1' } }),
    line({ attributes: { request_id: 'r-2' } }),
  ]);
  expect(store.traceOfRequest('r-1')).toBe('t-1');
  expect(store.traceOfRequest('r-2')).toBeUndefined();
});

test('lines are found by service and by the period in which they were written', () => {
  const store = createLogStore(1_000_000, nobodyStays);
  const start = 1_700_000_000_000;
  store.add([
    line({ text: 'early' }),
    line({ text: 'late', time: start + 900 }),
    line({ text: 'elsewhere', service: 'payment-gateway', time: start + 900 }),
  ]);
  expect(textsOf(store, { service: 'gateway' })).toEqual(['elsewhere']);
  expect(textsOf(store, { to: start + 899 })).toEqual(['early']);
  expect(textsOf(store, { from: start + 900, service: 'orders' })).toEqual(['late']);
  expect(store.find({ limit: 1 }).kept).toBe(3);
});
